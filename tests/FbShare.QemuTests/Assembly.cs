// Each test has a whole QEMU; more than one at a time only slows them down.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
