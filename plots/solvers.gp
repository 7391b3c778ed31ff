# alflab figures solvers: how solvers near the certified optimum at training size. Drawn from solvers.csv.
width = 860
height = 520
load folder.'/style.gp'
set style line 6 linewidth 2 linecolor rgb '#cc79a7' dashtype (14, 3, 3, 3, 3, 3) pointtype 10 pointsize 0.7 * marker

# The solvers are those in the file: exact ones have one point, approximate ones a curve.
approximate = ''
exact = ''
add(list, name) = strstrt(list.' ', ' '.name.' ') ? list : list.' '.name
stats csv skip 1 using (approximate = strcol(1) eq 'bound 4096' ? add(approximate, strcol(2)) : approximate, 0) nooutput
stats csv skip 1 using (exact = strcol(1)[1:5] eq 'exact' ? add(exact, strcol(2)) : exact, 0) nooutput

set multiplot layout 1, 2 margins 0.108, 0.975, 0.3, 0.87 spacing 0.13, 0.125
set logscale xy
set format '10^{%T}'
floor = 1e-10

do for [panel in "4096 16384"] {
  eval heading(panel eq '4096' ? 'a   4,096 tokens, 64 experts, K = 6' : 'b   16,384 tokens, 64 experts, K = 8', \
               'line: dual bound; marker: final routing; triangle: exact')
  eval axes('seconds', 'gap to the optimum / OPT')
  if (panel eq '4096') { set key at screen 0.5, 0.11 center horizontal maxcols 4 Left reverse } else { unset key }
  plot [] [floor:1] \
    for [i = 1:words(approximate)] csv skip 1 using (pick('bound '.panel, word(approximate, i), $3)):($4 > floor ? $4 : floor) with lines linestyle i notitle, \
    for [i = 1:words(approximate)] csv skip 1 using (pick('routing '.panel, word(approximate, i), $3)):($4 > floor ? $4 : floor) with points linestyle i pointsize 1.4 * marker notitle, \
    for [i = 1:words(approximate)] NaN with linespoints linestyle i title word(approximate, i), \
    for [i = 1:words(exact)] csv skip 1 using (pick('exact '.panel, word(exact, i), $3)):(floor):(word(exact, i)) with labels rotate by 90 left offset 0, 0.6 point pointtype 9 pointsize marker linecolor rgb '#404040' notitle
}
unset multiplot
