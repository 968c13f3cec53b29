#!/bin/bash
# Branch coverage of LogQueue.Records and LogQueue.Storage by the tests of the engine, and where it is missing.
# Usage: coverage.sh [goal in percent, default 95] [filter for dotnet test]. Exits 1 below the goal.
# Left out by default: the tests that run the same code very often, or in other processes; lines that ask for a planted bug.
set -euo pipefail
cd "$(dirname "$0")/.."
goal=${1:-95}
filter=${2:-'FullyQualifiedName!~PlantedBugTests&FullyQualifiedName!~Random_runs_lose_nothing&FullyQualifiedName!~EmbeddedSample'}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
dotnet test . -c Release -nologo -v q --settings Coverage/coverage.runsettings --collect "XPlat Code Coverage" \
  --results-directory "$out" --filter "$filter" || echo "Tests failed: the figures are those of this run."
python3 - "$goal" "$(find "$out" -name coverage.cobertura.xml | head -1)" <<'P'
import collections, re, sys
import xml.etree.ElementTree as tree
goal, report = float(sys.argv[1]), tree.parse(sys.argv[2])
good = True
planted = {}


def is_planted(file, line):
    # A planted bug is compiled out of what ships, and has tests of its own (PlantedBugTests): the lines that ask for it, and what it does.
    if file not in planted:
        planted[file] = set()
        with open(f'../../engine/{file}', encoding='utf-8') as text:
            lines = text.read().split('\n')
        for number, content in enumerate(lines, 1):
            if 'PlantedBugs.IsOn' in content:
                planted[file].add(number)
            if re.match(r' *if \(PlantedBugs\.IsOn\([A-Za-z.]*\)\)$', content):
                end = lines.index(content[:content.index('if')] + '}', number)
                planted[file].update(range(number, end + 1))
    return line in planted[file]


for package in report.iter('package'):
    covered = total = 0
    files = collections.defaultdict(lambda: [0, 0, []])
    for cls in package.iter('class'):
        for line in cls.find('lines'):
            if line.get('branch') == 'True' and not is_planted(cls.get('filename'), int(line.get('number'))):
                hit, all_ = map(int, re.search(r'\((\d+)/(\d+)\)', line.get('condition-coverage')).groups())
                covered, total = covered + hit, total + all_
                entry = files[cls.get('filename')]
                entry[0] += hit
                entry[1] += all_
                if hit < all_:
                    entry[2].append(f"{line.get('number')} ({hit}/{all_})")
    for name, (hit, all_, lines) in sorted(files.items(), key=lambda f: f[1][1] - f[1][0], reverse=True):
        if hit < all_:
            print(f'  {name}: {all_ - hit} of {all_} branches never taken, lines {", ".join(lines)}')
    percent = 100 * covered / max(1, total)
    good &= percent >= goal
    print(f'{package.get("name")}: {covered} of {total} branches, {percent:.1f} %')
sys.exit(0 if good else 1)
P
