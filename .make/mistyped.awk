# What is wrong with a call of make, in a sentence; nothing if it is right. Reads the Makefile: which targets there are, and
# which variables their recipes read. `goals` and `typed` are the call's targets and variables.

# The edits between two words, of which letters that were left out count half.
function apart(typed, name,    i, j, least, d) {
  for (i = 0; i <= length(typed); i++) for (j = 0; j <= length(name); j++) {
    least = i && j ? d[i - 1, j - 1] + (substr(typed, i, 1) != substr(name, j, 1)) : i + j / 2;
    if (i && d[i - 1, j] + 1 < least) least = d[i - 1, j] + 1;
    if (j && d[i, j - 1] + 1 / 2 < least) least = d[i, j - 1] + 1 / 2;
    d[i, j] = least;
  }
  return least;
}
function nearest(typed, names,    i, all, best) {
  for (i = split(names, all); i > 0; i--) if (best == "" || apart(typed, all[i]) <= apart(typed, best)) best = all[i];
  return best;
}
function has(names, name) { return index(names " ", " " name " "); }
/^[A-Z]+ [?]=/ { variables = variables " " $1; }
/^[^\t]/ { target = ""; }
/^[a-z0-9-]+:/ { target = substr($1, 1, length($1) - 1); targets = targets " " target; read[target] = /[.]installed/ ? " PYTHON" : ""; }
target { for (line = $0; match(line, /[A-Z]+(_TEXT|[)])/); line = substr(line, RSTART + RLENGTH)) {
  name = substr(line, RSTART, RLENGTH);
  sub(/_TEXT|[)]/, "", name);
  if (has(variables, name) && !has(read[target], name)) read[target] = read[target] " " name;
} }
END {
  for (n = split(goals, goal); n > 0; n--) {
    if (!(goal[n] in read) && !index(goal[n], "/")) {
      print "There is no target " goal[n] "; the nearest is " nearest(goal[n], targets);
      exit;
    }
    for (m = split(read[goal[n]], name_of); m > 0; m--) if (!has(all, name_of[m])) all = " " name_of[m] all;
  }
  for (n = split(typed, name_of); n > 0; n--) if (!has(all, name_of[n])) {
    near = nearest(name_of[n], all);
    hint = 2 * apart(name_of[n], near) <= length(name_of[n]) ? "; did you mean " near "?" : ".";
    print "make " goals " does not read " name_of[n] hint " It reads" (all ? all : " no variable");
    exit;
  }
}
