#!/usr/bin/env bash
# Installs what FbShare's tests need and runs all of them: see --help.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: tools/test.sh [SUITE...]

Installs what the tests need (saying which package and why; root or sudo), builds, and runs the suites:

  unit      tests/FbShare.Tests, every other test project but QemuTests, and tools/bench-check
  qemu      tests/FbShare.QemuTests: real guests in QEMU 11.1 (tools/tree) on this machine
  testbed   the tests of category Testbed, in a VM with a real /dev/udmabuf (tools/testbed) and a guest in that
            VM, and those that are about the kernel (category Kernel) with Debian's newest kernel too; on a
            machine that has its own /dev/udmabuf, `unit` and `qemu` run them as well
  nested    more guests in that VM: in huge pages, on QEMU's own device, with OpenGL. Each takes minutes to
            boot; half an hour in all

Without SUITE: all but `nested`. The first run also builds the tree, the test guest and the testbed (a few minutes).
Results (trx files, logs) lie in artifacts/test-results. The last line is `N passed, N failed, N skipped`
over all suites; what was skipped is listed before it, with the reason. Exit code 0 when none failed.

The tests get FBSHARE_PROGRAM (the published fbshare, which every suite runs, the VM's too), FBSHARE_QEMU (a QEMU
11.1), FBSHARE_QEMU_10 (a QEMU 10.0) and FBSHARE_GUEST (the folder of the test guest's vmlinuz, initrd.img and
cmdline), and that QEMU first on PATH.
HELP
}

say() { printf 'test: %s\n' "$*"; }
fail() { printf 'test: error: %s\n' "$*" >&2; exit 2; }

repo=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cd "$repo"

suites=()
for argument in "$@"; do
  case $argument in
    unit | qemu | testbed | nested) suites+=("$argument") ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown suite '$argument': see tools/test.sh --help" ;;
  esac
done
[ ${#suites[@]} -gt 0 ] || suites=(unit qemu testbed)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Probe, package, reason. The probe is a library's soname or a program.
needs='
libpng16.so.16      libpng16-16        reading and writing pictures
libsystemd.so.0     libsystemd0        the display protocol
libcairo.so.2       libcairo2          text in the viewer
libSDL2-2.0.so.0    libsdl2-2.0-0      the viewer window
libEGL.so.1         libegl1            drawing without a window
libEGL_mesa.so.0    libegl-mesa0       a software renderer behind it
libGLESv2.so.2      libgles2           OpenGL ES
libGL.so.1          libgl1             OpenGL
libgbm.so.1         libgbm1            the GBM platform
edid-decode         edid-decode        checking the EDIDs of the device
Xvfb                xvfb               windows without a screen
xdotool             xdotool            typing and pointing in those windows
import              imagemagick        pictures of those windows
weston              weston             windows under Wayland
busctl              systemd            reading the display protocol with a client of others
/usr/lib/python3/dist-packages/gi  python3-gi  a display client of another D-Bus library
dbus-daemon         dbus-daemon        a display on a message bus
strace              strace             counting system calls (bench-check)
jq                  jq                 reading what was measured (bench-check)
gcc                 gcc                linking fbshare, which is published as machine code
objcopy             binutils           taking debug symbols out of it
/usr/include/stdio.h  libc6-dev        what every linked program begins with
qemu-system-x86_64  qemu-system-x86    the system QEMU, whose display is dumped too
'
install_needs() {
  local libraries probe package reason missing=()
  libraries=$(ldconfig -p)
  while read -r probe package reason; do
    [ -n "$probe" ] || continue
    case $probe in
      lib*.so*) ! grep -q "^[[:space:]]*$probe " <<<"$libraries" || continue ;;
      /*) [ ! -e "$probe" ] || continue ;;
      *) ! command -v "$probe" >/dev/null || continue ;;
    esac
    say "installing $package: $reason"
    missing+=("$package")
  done <<<"$needs"
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "there is no apt-get here: install ${missing[*]} by hand"
  { as_root apt-get -q update && as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${missing[@]}"; } \
    >"$results/apt.log" 2>&1 || { tail -n 5 "$results/apt.log" >&2; fail "apt-get could not install ${missing[*]}"; }
}

# For one guest of 512 MB in huge pages, and some for tests; given back at the end.
reserve_hugepages() {
  local pages=/proc/sys/vm/nr_hugepages wanted=288 before
  before=$(cat $pages 2>/dev/null || echo 0)
  [ "$before" -lt $wanted ] || return 0
  if [ -w $pages ] && echo $wanted >$pages; then
    # shellcheck disable=SC2064  # what it is now
    trap "echo $before >$pages" EXIT
  fi
  [ "$(cat $pages 2>/dev/null || echo 0)" -ge $wanted ] ||
    say "no $wanted huge pages of 2 MB to be had ($(cat $pages 2>/dev/null || echo none) are): tests in huge pages are skipped; cure: echo $wanted | sudo tee $pages"
}

# Whether a trx file is of a run that came to its end: one that was aborted has the results up to then.
is_whole() {
  local executed good
  read -r executed good < <(sed -n 's/.*<Counters .*executed="\([0-9]*\)" passed="\([0-9]*\)".*/\1 \2/p' "$1" 2>/dev/null) || return
  [ "$executed" != "$good" ] || grep -q '<ResultSummary outcome="Completed"' "$1"
}

passed=0 failed=0 skipped=0
# Adds the counts of a trx file; a run that left none has failed.
count() {
  local file=$1 total executed good
  if ! read -r total executed good < <(sed -n 's/.*<Counters total="\([0-9]*\)" executed="\([0-9]*\)" passed="\([0-9]*\)".*/\1 \2 \3/p' "$file" 2>/dev/null); then
    say "FAILED: ${file##*/}: the run ended without results"
    failed=$((failed + 1))
    return
  fi
  if ! is_whole "$file"; then
    say "FAILED: ${file##*/}: $(sed -n 's/.*<Text>//p' "$file" | head -n 1)"
    failed=$((failed + 1))
  fi
  passed=$((passed + good))
  failed=$((failed + executed - good))
  skipped=$((skipped + total - executed))
  say "${file##*/}: $good passed, $((executed - good)) failed, $((total - executed)) skipped"
  # Each skipped result and its reason, which stands in the element after it.
  tr -d '\r' <"$file" | sed -n '/<UnitTestResult [^>]*outcome="NotExecuted"/,/<\/UnitTestResult>/{
    s/.*testName="\([^"]*\)".*/skipped: \1/p
    s/.*<\(StdOut\|Message\)>\(.*\)<\/\(StdOut\|Message\)>.*/    \2/p
  }' | sed 's/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g; s/^/test: /'
}

# Runs a test project on this machine.
run_project() {
  local name=$1 file=$results/$1.trx native=()
  [ -c /dev/udmabuf ] || native=(--filter 'Category!=Testbed')   # those run in the testbed
  say "running $name"
  timeout 1200 dotnet test "tests/$name" --no-build -c Debug --nologo "${native[@]}" --results-directory "$results" \
    --logger "trx;LogFileName=$name.trx" --logger 'console;verbosity=minimal' || true
  count "$file"
}

# Runs tests in the VM.
#   $1 what to call them, $2 kernel, $3 which (vstest's filter), then options of tools/testbed
run_in_testbed() {
  say "running $testbed_project ($1) in the testbed, kernel $2"
  tools/testbed run --kernel "$2" --timeout 2700 --results "$results/testbed" --share "$results/publish:/app" --share "${FBSHARE_PROGRAM%/*}:/fbshare" "${@:4}" -- \
    sh -c "echo 288 >/proc/sys/vm/nr_hugepages; export FBSHARE_PROGRAM=/fbshare/fbshare; exec dotnet test /app/$testbed_project.dll --nologo --filter '$3' \
      --results-directory /results --logger 'trx;LogFileName=testbed-$1.trx' --logger 'console;verbosity=minimal'" || true
}

prepare_testbed() {
  # Optimised: an emulated machine is slow enough.
  tools/testbed build && say "publishing $testbed_project for the testbed" &&
    dotnet publish "tests/$testbed_project" -c Release --nologo -v quiet -o "$results/publish" && return
  say 'FAILED: preparing the testbed'
  failed=$((failed + 1))
  return 1
}

# The guest in the VM is emulated twice. KVM there (see tools/testbed --help) would boot it in half a minute, but in one VM of three
# it stood still or took the kernel with it.
run_testbed() {
  begin run_in_testbed host 6.12 'Category=Testbed&Category!=Nested' --screen
  run_in_testbed guest 6.12 'Category=Nested&Category!=Slow'
  run_in_testbed newest-kernel backports Category=Kernel
  end host guest newest-kernel
}

run_nested() {
  begin run_in_testbed nested 6.12 'Category=Slow&FullyQualifiedName!~OpenGL'
  # With a render node there, Mesa's surfaceless platform was seen to crash: only where nothing else draws.
  run_in_testbed opengl 6.12 'Category=Slow&FullyQualifiedName~OpenGL' --render-node
  end nested opengl
}

# Runs something beside what follows, where each can have two processors; else before it.
begin() {
  if [ "$(nproc)" -ge 4 ]; then
    trap 'trap - TERM; kill 0' INT TERM   # a job in the background does not hear Ctrl+C
    "$@" &
  else
    "$@"
  fi
}

# Waits for what was begun and adds the counts of what ran in the VMs.
end() {
  wait
  local part
  for part in "$@"; do count "$results/testbed/testbed-$part.trx"; done
}

# Whether the device costs what it should, counted as one test.
run_bench_check() {
  say 'running tools/bench-check'
  if tools/bench-check --fbshare "$FBSHARE_PROGRAM"; then passed=$((passed + 1)); else say 'FAILED: tools/bench-check'; failed=$((failed + 1)); fi
}

wants() { [[ " ${suites[*]} " == *" $1 "* ]]; }

command -v dotnet >/dev/null || fail 'there is no dotnet here: install the .NET 10 SDK (Debian has no package of it)'
results=$repo/artifacts/test-results
testbed_project=FbShare.QemuTests
rm -rf "$results"
mkdir -p "$results"
install_needs

FBSHARE_QEMU=$(tools/tree qemu)
FBSHARE_QEMU_10=$(tools/tree qemu-10.0)
FBSHARE_GUEST=$(tools/guest/build)
export FBSHARE_QEMU FBSHARE_QEMU_10 FBSHARE_GUEST
export PATH=${FBSHARE_QEMU%/*}:$PATH
reserve_hugepages

say 'building'
export FBSHARE_PROGRAM=$repo/artifacts/fbshare/fbshare
{ dotnet publish src/FbShare.Cli -p:PublishProfile=release --nologo -v quiet && dotnet build -c Debug --nologo -v quiet; } ||
  { say 'FAILED: the build'; printf '%s passed, %s failed, %s skipped\n' 0 1 0; exit 1; }

for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  grep -q '<IsTestProject>true' "$project" || continue
  case $name in
    *.QemuTests) ! wants qemu || run_project "$name" ;;
    *) ! wants unit || run_project "$name" ;;
  esac
done
! wants unit || run_bench_check
if { wants testbed || wants nested; } && prepare_testbed; then
  ! wants testbed || run_testbed
  ! wants nested || run_nested
fi

code=0
[ "$failed" = 0 ] || code=1
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
exit $code
