#!/usr/bin/env bash
# Installs what FbShare's tests need and runs all of them: see --help.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: tools/test.sh [SUITE...]

Installs what the tests need (tools/packages; root or sudo), saying which package and why, builds, and runs the suites:

  unit      tests/FbShare.Tests, every other test project but QemuTests, tools/bench-check, tools/check-packages,
            tools/check-deb and tools/fuzz, a minute each
  qemu      tests/FbShare.QemuTests: real guests in QEMU 11.1 (tools/tree) on this machine, one of them with a desktop (Xorg)
  desktops  the tests of category Desktops: guests with Weston and with labwc (tools/desktop); two minutes
  testbed   the tests of category Testbed, in a VM with a real /dev/udmabuf (tools/testbed) and a guest in that
            VM, and most of those that are about the kernel (category Kernel) with Debian's newest kernel too; on a
            machine that has its own /dev/udmabuf, `unit` and `qemu` run them as well
  nested    more guests in that VM: in huge pages, on QEMU's own device, with OpenGL, of systemd's, with memory that comes and
            goes, with a device of the host's; and every arrangement of pages with the newest kernel. Each guest takes minutes
            to boot; an hour in all

Without SUITE: all but `desktops` and `nested`. The first run also builds the tree, the test guest and the testbed (a few minutes).
Results (trx files, and pictures of windows) lie in artifacts/test-results. The last line is `N passed, N failed, N skipped`
over all suites; before it, what failed and what was skipped is listed, with the reason. A suite that crashes, leaves no
results or leaves files in the folder for temporary files has failed. Exit code 0 when none failed.

The tests get FBSHARE_PROGRAM (the published fbshare, which every suite runs, the VM's too), FBSHARE_QEMU (a QEMU
11.1), FBSHARE_QEMU_10 (a QEMU 10.0), FBSHARE_GUEST (the folder of the test guest's vmlinuz, initrd.img and
cmdline) and FBSHARE_DESKTOP (that of tools/desktop/build), and that QEMU first on PATH. FBSHARE_PICTURES=FOLDER has
the pictures put there instead.
HELP
}

say() { printf 'test: %s\n' "$*"; }
fail() { printf 'test: error: %s\n' "$*" >&2; exit 2; }

repo=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cd "$repo"

suites=()
for argument in "$@"; do
  case $argument in
    unit | qemu | desktops | testbed | nested) suites+=("$argument") ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown suite '$argument': see tools/test.sh --help" ;;
  esac
done
[ ${#suites[@]} -gt 0 ] || suites=(unit qemu testbed)

wants() { [[ " ${suites[*]} " == *" $1 "* ]]; }
wants_desktop() { wants qemu || wants desktops; }

# Reserves huge pages for one guest of 512 MB and some tests, and gives them back at the end.
reserve_hugepages() {
  local pages=/proc/sys/vm/nr_hugepages wanted=288 before
  before=$(cat $pages 2>/dev/null || echo 0)
  [ "$before" -lt $wanted ] || return 0
  if [ -w $pages ] && echo $wanted >$pages; then
    # shellcheck disable=SC2064  # what it is now
    trap "echo $before >$pages" EXIT
  fi
  [ "$(cat $pages 2>/dev/null || echo 0)" -ge $wanted ] ||
    say "this machine has $(cat $pages 2>/dev/null || echo no) huge pages of 2 MB and not $wanted, so tests with huge pages are skipped; to run them: echo $wanted | sudo tee $pages"
}

# Notes arguments of tools/fbshare-tools for the report at the end: trx files, and --passed or --failed with the name of any other check.
note() { printf '%s\n' "$@" >>"$results/outcome"; }

# Runs tests with an empty folder for temporary files. What they leave there counts as a failure.
#   $1 what to call them, then the command
leaving_nothing() {
  local temporary left
  temporary=$(mktemp -d)
  chmod 1777 "$temporary"   # as /tmp: some tests run programs as another user
  # A test host that vstest ends before it is done would leave its debugger sockets.
  TMPDIR=$temporary DOTNET_EnableDiagnostics=0 "${@:2}" || true
  # vstest itself leaves empty folders with names of six letters.
  left=$(find "$temporary" -mindepth 1 -maxdepth 1 ! \( -type d -empty -name '??????' \))
  [ -n "$left" ] || { rm -rf "$temporary"; return; }
  say "$1 left files behind: ${left//$'\n'/ }"
  note --failed "$1: files were left in the folder for temporary files"
}

# Runs tests of a project on this machine.
#   $1 the project, $2 what to call them, $3 which (vstest's filter)
run_project() {
  say "running $1 ($2)"
  leaving_nothing "$2" timeout 1200 dotnet test "tests/$1" --no-build -c Debug --nologo --filter "$3" --results-directory "$results" \
    --logger "trx;LogFileName=$2.trx" --logger 'console;verbosity=minimal'
  note "$results/$2.trx"
}

# Runs tests in the VM.
#   $1 what to call them, $2 kernel, $3 which (vstest's filter), then options of tools/testbed
run_in_testbed() {
  say "running $testbed_project ($1) in the testbed, kernel $2"
  tools/testbed run --kernel "$2" --timeout 2700 --results "$results/testbed" --share "$results/publish:/app" --share "${FBSHARE_PROGRAM%/*}:/fbshare" "${@:4}" -- \
    sh -c "echo 288 >/proc/sys/vm/nr_hugepages; export FBSHARE_PROGRAM=/fbshare/fbshare; exec dotnet test /app/$testbed_project.dll --nologo --filter '$3' \
      --results-directory /results --logger 'trx;LogFileName=testbed-$1.trx' --logger 'console;verbosity=minimal'" || true
  note "$results/testbed/testbed-$1.trx"
}

prepare_testbed() {
  wants testbed || wants nested || return 0
  # Optimised: an emulated machine is slow enough.
  tools/testbed build && say "publishing $testbed_project for the testbed" &&
    dotnet publish "tests/$testbed_project" -c Release --nologo -v quiet -o "$results/publish" && testbed_is_ready=yes && return
  note --failed 'preparing the testbed'
}

# Whether a suite of the VM's is wanted and can run.
is_prepared() { [ -n "${testbed_is_ready:-}" ] && wants "$1"; }

# What runs beside the guests of `qemu`, as two processors have room for it: nothing of it is about time.
# The guest in the VM is emulated twice. KVM there (see tools/testbed --help) would boot it in half a minute, but in one VM of three
# it stood still or took the kernel with it.
run_checks_and_guest() {
  ! wants unit || { run_package_check; run_deb_check; run_fuzz; }
  ! is_prepared testbed || run_in_testbed guest 6.12 'Category=Nested&Category!=Slow'
}

# Two VMs at a time take as long as one after the other: each keeps more than one processor busy.
run_testbed() {
  run_in_testbed host 6.12 'Category=Testbed&Category!=Nested' --screen
  run_in_testbed newest-kernel backports "Category=Kernel&FullyQualifiedName!~$pixels"
}

run_nested() {
  beside 4 run_in_testbed nested 6.12 'Category=Slow&FullyQualifiedName!~OpenGL&FullyQualifiedName!~Vfio'
  run_in_testbed newest-kernel-pixels backports "Category=Kernel&FullyQualifiedName~$pixels"
  run_in_testbed vfio 6.12 'Category=Slow&FullyQualifiedName~Vfio' --iommu
  # Mesa's surfaceless platform was seen to crash when there is a render node, so only the tests that need one run with it.
  run_in_testbed opengl 6.12 'Category=Slow&FullyQualifiedName~OpenGL' --render-node
  together
}

# Runs a command beside what follows, and holds back what it says until `together`. In the foreground where there are fewer processors.
#   $1 so many there must be, then the command
beside() {
  [ "$(nproc)" -ge "$1" ] || { "${@:2}"; return; }
  trap 'trap - TERM; kill 0' INT TERM   # a job in the background does not hear Ctrl+C
  "${@:2}" >"$results/beside.log" 2>&1 &
}

together() {
  wait
  [ ! -e "$results/beside.log" ] || { cat "$results/beside.log"; rm "$results/beside.log"; }
}

# Checks that the device costs what it should; counts as one test.
run_bench_check() {
  say 'running tools/bench-check'
  if tools/bench-check --fbshare "$FBSHARE_PROGRAM"; then note --passed tools/bench-check; else note --failed tools/bench-check; fi
}

# Checks that the packages can be made and used; counts as one test.
run_package_check() {
  say 'running tools/check-packages'
  if tools/check-packages; then note --passed tools/check-packages; else note --failed tools/check-packages; fi
}

# Checks that the Debian package can be made, installed and removed; counts as one test.
run_deb_check() {
  local deb
  say 'running tools/check-deb'
  if deb=$(tools/package --program "${FBSHARE_PROGRAM%/*}") && tools/check-deb --package "$deb"; then note --passed tools/check-deb; else note --failed tools/check-deb; fi
}

# Sends hostile input for a few seconds to each door, the same each time; counts as one test.
run_fuzz() {
  say 'running tools/fuzz'
  if tools/fuzz --seconds 5 --seed 1; then note --passed tools/fuzz; else note --failed tools/fuzz; fi
}

command -v dotnet >/dev/null || fail 'there is no dotnet on this machine: install the .NET 10 SDK (Debian has no package of it)'
results=$repo/artifacts/test-results
testbed_project=FbShare.QemuTests
pixels=ZeroCopyTests.Every_pixel   # each arrangement of pages, at several sizes
rm -rf "$results"
mkdir -p "$results"
tools/install-needs run view build test || fail 'a package that the tests need could not be installed: see above'

FBSHARE_QEMU=$(tools/tree qemu)
FBSHARE_QEMU_10=$(tools/tree qemu-10.0)
FBSHARE_GUEST=$(tools/guest/build)
# Tests that look at windows put pictures of them here.
export FBSHARE_PICTURES=${FBSHARE_PICTURES:-$results/pictures}
export FBSHARE_QEMU FBSHARE_QEMU_10 FBSHARE_GUEST
# Made while the programs are built, as the net is what it waits for. Who needs it waits for its lock.
! wants_desktop || tools/desktop/build >/dev/null &
export PATH=${FBSHARE_QEMU%/*}:$PATH
reserve_hugepages

say 'building'
export FBSHARE_PROGRAM=$repo/artifacts/fbshare/fbshare
{ dotnet publish src/FbShare.Cli -p:PublishProfile=release --nologo -v quiet && dotnet build -c Debug --nologo -v quiet; } ||
  { say 'FAILED: the build'; printf '%s passed, %s failed, %s skipped\n' 0 1 0; exit 1; }

if wants_desktop; then
  FBSHARE_DESKTOP=$(tools/desktop/build)
  export FBSHARE_DESKTOP
fi

native=''
[ -c /dev/udmabuf ] || native='&Category!=Testbed'   # those run in the testbed
prepare_testbed
beside 2 run_checks_and_guest
! wants qemu || run_project FbShare.QemuTests FbShare.QemuTests "Category!=Desktops$native"
! wants desktops || run_project FbShare.QemuTests desktops Category=Desktops
together
if wants unit; then
  for project in tests/*/*.csproj; do
    name=$(basename "$project" .csproj)
    if [ "$name" != FbShare.QemuTests ] && grep -q '<IsTestProject>true' "$project"; then
      run_project "$name" "$name" "Category!=Desktops$native"
    fi
  done
  run_bench_check
fi
! is_prepared testbed || run_testbed
! is_prepared nested || run_nested

mapfile -t outcome <"$results/outcome"
tools/fbshare-tools/run test-report "${outcome[@]}"
