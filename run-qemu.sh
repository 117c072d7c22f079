#!/usr/bin/env bash
# From a fresh Debian to a guest on FbShare's virtio-gpu: see --help.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: ./run-qemu.sh [OPTIONS] [DISK]
       ./run-qemu.sh [OPTIONS] -- QEMU ARGUMENTS

Builds FbShare, finds or brings a QEMU that works on this machine, starts FbShare's virtio-gpu
and boots a guest with it: the test guest, your disk image, or what your QEMU arguments say.
Missing Debian packages are installed (root or sudo).

If there is a display, the viewer shows the guest. Otherwise the screen is written to a file
as soon as it has stopped changing, and the guest runs until Ctrl-C.

Options:
  --headless         no viewer: write the screen to a file
  --screenshot FILE  which file (default: screen.png; .png, .jpg, .webp, .ppm or .raw)
  --memory SIZE      the guest's memory (default: 512M for the test guest, else 2G)
  --size WxH         the screen's size (default: 1280x800)
  --outputs N        how many screens, 1 to 16 (default: 1)
  --hugetlb          guest memory from the host's 2 MiB huge pages
  --copy             always copy pictures, never share pages
  --device KIND      the guest's GPU: auto (default), pci, blob or 2d; fbshare run --help explains them
  --2d               the same as --device 2d
  --help

Environment:
  QEMU=PATH          use this QEMU
  FBSHARE_CACHE      where downloads and builds are kept (default: ~/.cache/fbshare)

Examples:
  ./run-qemu.sh --headless
  ./run-qemu.sh --memory 4G disk.qcow2
  ./run-qemu.sh --size 1920x1080 -- -m 2G -cdrom debian-live.iso
HELP
}

say() { progress_clear; printf 'run-qemu: %s\n' "$*" >&2; }
fail() { progress_end; printf 'run-qemu: error: %s\n' "$*" >&2; exit 1; }
usage_error() { printf 'run-qemu: %s\nrun-qemu: see ./run-qemu.sh --help\n' "$*" >&2; exit 2; }

root=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tools/progress
. "$root/tools/progress"
cache=${FBSHARE_CACHE:-${XDG_CACHE_HOME:-${HOME:?run-qemu: error: HOME is not set}/.cache}/fbshare}

# --- the command line
headless='' screenshot=screen.png memory='' disk='' own='' machine_args=() run_options=() screen_options=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --headless) headless=yes ;;
    --hugetlb) run_options+=(--hugetlb) ;;
    --copy) run_options+=(--path copy --zero-copy off) ;;
    --2d) run_options+=(--device 2d) ;;
    --screenshot | --memory | --size | --outputs | --device)
      [ $# -ge 2 ] || usage_error "$1 needs a value"
      case $1 in
        --screenshot) screenshot=$2 ;;
        --memory) memory=$2 ;;
        --device) run_options+=(--device "$2") ;;
        *) screen_options+=("$1" "$2") ;;
      esac
      shift ;;
    --) shift; own=yes; machine_args=("$@"); break ;;
    -*) usage_error "unknown option '$1' (QEMU's own go after --)" ;;
    *) [ -z "$disk" ] || usage_error "two disks, '$disk' and '$1': give QEMU arguments after -- for more than one"
       disk=$1 ;;
  esac
  shift
done
[ -z "$disk" ] || [ -z "$own" ] || usage_error "a disk and QEMU arguments after --: name the disk among the arguments"
[ -z "$disk" ] || [ -r "$disk" ] || fail "$disk does not exist or cannot be read: check the path"
[ -z "$own" ] || [ ${#machine_args[@]} -gt 0 ] || usage_error "nothing after --: give QEMU arguments, or leave -- out for the test guest"

if [ -z "$headless" ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  headless=yes
  say "there is no display here: the screen is written to $screenshot once it has stopped changing"
fi

# --- what must be installed
who=(run)
[ -n "$headless" ] || who+=(view)
"$root/tools/install-needs" "${who[@]}" || fail 'a package that is needed could not be installed: see above'

# --- fbshare itself: published once, again when a source is newer
fbshare=$root/artifacts/fbshare/fbshare
# Whether this machine's C library is new enough: the program may have been built on another machine.
fits() {
  local needed
  needed=$(LC_ALL=C grep -ao 'GLIBC_2\.[0-9.]*' "$fbshare" | sed 's/.*_/glibc /' | sort -Vu | tail -n 1)
  [ "$(printf '%s\n' "$needed" "$(getconf GNU_LIBC_VERSION)" | sort -V | head -n 1)" = "$needed" ] && return
  say "artifacts/fbshare needs $needed, and this machine has $(getconf GNU_LIBC_VERSION || echo another C library): building it again"
  return 1
}
is_fresh() {
  [ -x "$fbshare" ] && [ -e "${fbshare%/*}/libSkiaSharp.so" ] && fits &&
    [ -z "$(find "$root"/src "$root"/assets "$root"/Directory.*.props \( -name bin -o -name obj \) -prune -o -type f -newer "$fbshare" -print -quit)" ]
}
find_dotnet() {
  for dotnet in dotnet "$cache/dotnet/dotnet" /usr/lib/dotnet/dotnet /usr/share/dotnet/dotnet; do
    grep -qE '^(1[0-9]|[2-9][0-9])\.' <<<"$("$dotnet" --list-sdks 2>/dev/null)" && return
  done
  fail 'building FbShare needs the .NET SDK 10: install dotnet-sdk-10.0 (https://dotnet.microsoft.com/download) or put it in '"$cache/dotnet"
}
if ! is_fresh; then
  find_dotnet
  "$root/tools/install-needs" build || fail 'what building FbShare needs could not be installed: see above'
  say 'building fbshare (only this time; takes some minutes on a slow machine)'
  log=$(mktemp)
  progress_begin 'building' "$log"
  "$dotnet" publish "$root/src/FbShare.Cli" -p:PublishProfile=release --nologo -tl:off -v minimal >"$log" 2>&1 ||
    { progress_end; tail -n 20 "$log" >&2; rm -f "$log"; fail 'fbshare could not be built: see above'; }
  progress_end
  rm -f "$log"
  touch "$fbshare"
fi

# --- a QEMU that works here
choose_qemu() {
  if [ -n "${QEMU:-}" ]; then
    command -v "$QEMU" >/dev/null || fail "QEMU=$QEMU does not exist or cannot be run"
    qemu=$QEMU
    say "QEMU: $qemu, from the variable QEMU"
    return
  fi
  # The one in PATH is used if it can more than 2D. Otherwise the tree's is better.
  if qemu=$(command -v qemu-system-x86_64) && grep -qE '"(vfio-user|vhost-user-(test-)?device)-pci"' <<<"$("$qemu" -device help 2>/dev/null)"; then
    say "QEMU: $qemu, which supports blob resources"
    return
  fi
  local why='this machine has none'
  [ -z "$qemu" ] || why="$qemu ($("$qemu" -version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')) does not support blob resources"
  say "QEMU: from FbShare's Debian tree, because $why"
  qemu=$("$root/tools/tree" qemu) || fail 'the Debian tree could not be made: see above, or set QEMU=/path/to/qemu-system-x86_64'
}
choose_qemu

# --- the guest
[ -n "$own$disk" ] || guest=$("$root/tools/guest/build") || fail 'the test guest could not be built: see above'
# KVM is used if it really runs guests, which fbshare tries once per boot: some nested machines offer KVM that does not work.
[ -n "$own" ] || if "$fbshare" probe --kvm >/dev/null; then accel=(-accel kvm -cpu host); else accel=(-accel tcg -cpu max); fi
if [ -n "$own" ]; then
  [ -z "$memory" ] || machine_args=(-m "$memory" "${machine_args[@]}")
elif [ -n "$disk" ]; then
  format=$(head -c 4 "$disk" | od -An -tx1 | tr -d ' \n')
  [ "$format" = 514649fb ] && format=qcow2 || format=raw
  drive="file=${disk//,/,,},if=virtio,format=$format"
  machine_args=("${accel[@]}" -machine q35 -smp 2 -m "${memory:-2G}" -drive "$drive"
    -nic "user,model=virtio-net-pci" -device virtio-rng-pci)
else
  machine_args=("${accel[@]}" -machine q35 -smp 2 -m "${memory:-512M}" -nodefaults -no-user-config -device virtio-rng-pci -serial stdio
    -kernel "$guest/vmlinuz" -initrd "$guest/initrd.img" -append "$(cat "$guest/cmdline")")
  say 'the test guest has a shell on this terminal and on its screen; type "card" there for a picture'
fi

# --- go
# Where the guest has this terminal, FbShare's own lines would stand in the middle of what somebody types there.
log=''
if [ -t 1 ] && [[ " ${machine_args[*]} " = *[\ :]stdio[\ ,]* || " ${machine_args[*]} " = *' -nographic '* ]]; then
  log=$cache/run-qemu.log
  mkdir -p "$cache"
  : >"$log"
  run_options+=(--log "$log")
  say "this terminal is the guest's from here on; what FbShare says is in $log"
  [ -z "$headless" ] || say "the screen is written to $screenshot once it has stopped changing; Ctrl-C ends the guest"
fi
if [ -z "$headless" ]; then
  runtime=${XDG_RUNTIME_DIR:-/tmp}
  [ -d "$runtime" ] || runtime=/tmp
  sockets=$(mktemp -d "$runtime/fbshare-view.XXXXXX")
  trap 'rm -rf "$sockets"' EXIT
  "$fbshare" run --display "unix:$sockets/screen" "${screen_options[@]}" "${run_options[@]}" -- "$qemu" "${machine_args[@]}" <&0 &
  run=$!
  trap 'kill "$run" 2>/dev/null || true; wait "$run" || true; rm -rf "$sockets"' EXIT
  for _ in $(seq 100); do
    [ -S "$sockets/screen" ] && break
    kill -0 "$run" 2>/dev/null || { wait "$run"; exit; }
    sleep 0.1
  done
  if [ -z "$log" ]; then
    "$fbshare" view --display "unix:$sockets/screen"
  else
    "$fbshare" view --display "unix:$sockets/screen" 2>>"$log" || { status=$?; tail -n 3 "$log" >&2; exit $status; }
  fi
  exit
fi
exec "$fbshare" run --dump-to "$screenshot" --dump-when still:1s "${screen_options[@]}" "${run_options[@]}" -- "$qemu" "${machine_args[@]}"
