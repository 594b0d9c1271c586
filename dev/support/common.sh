# What the commands of dev/ share. Sourced; sets `root` and goes there.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
export PYTHONPATH="$root/tests/support${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONDONTWRITEBYTECODE=1
python=/usr/bin/python3 # Debian's own: the packages of dev/setup are for it

# build PRESET [TARGET...]: configures once, builds what changed; quiet unless it fails.
# Two commands of one checkout take turns.
build() {
    local preset=$1 log status=0
    shift
    mkdir -p "build/$preset"
    log=build/$preset/build.log
    (
        flock 9
        [ -t 2 ] && echo "building $preset ..." >&2
        { [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset"; } >"$log" 2>&1 &&
            cmake --build "build/$preset" ${*:+--target "$@"} -- -k 0 >>"$log" 2>&1
    ) 9>"build/$preset.lock" || status=$?
    if [ $status -ne 0 ]; then
        grep -E -A 12 'error:|FAILED|CMake Error' "$log" | head -n 60 >&2 || tail -n 30 "$log" >&2
        echo "the build of $preset failed; all of it is in $log" >&2
        return 1
    fi
}
