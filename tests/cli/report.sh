# A store for a page: names that are hostile, a claim that is refuted, cells that failed.
# . "$(dirname "$HELPERS")/report.sh" in a cmd.
# shellcheck shell=sh

# make_store FILE
make_store() {
  evil="<img src=x onerror=alert(1)>&\"'.npy"
  alflab trace synth uniform:T=16,E=4,seed=3 "$evil" >out.txt
  cat >'balance <i>.ini' <<END_OF_CONFIG
[experiment]
kind = iterate
title = Balance <script>alert(2)</script> & "more"
repetitions = 2
source = $evil | uniform:T=64,E=8
rule = sign, proportional, smebu[beta=0.9]
u = 1e-3, 1e-2, 1e-1
topk = 2
steps = 30
series = 3
END_OF_CONFIG
  cp "$RULES/fails.so" .
  cat >claims.ini <<'END_OF_CONFIG'
[experiment]
kind = verify
title = Claims, one of them false
source = uniform:T=15,E=2,seed=1 | softmax:T=32,E=4,seed=1
rule = sign, ./fails.so
u = 0.03125, 0.001
topk = 1
claim = C1,C6,C4-narrow
END_OF_CONFIG
  alflab run 'balance <i>.ini' --store "$1" --quiet >>out.txt
  alflab run claims.ini --store "$1" --quiet >>out.txt 2>&1
}
