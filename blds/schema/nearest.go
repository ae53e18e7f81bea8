package schema

// Nearest returns the candidate that name was most likely meant to be, or ""
// if none is near: at most two edits away, or a third of the name's length if
// that is more, and never as many as the name has letters. Upper and lower case
// and underscores cost nothing. Of equally near candidates the first wins.
func Nearest(name string, candidates []string) string {
	if len(name) > MaxName {
		return ""
	}
	folded := Fold(name)
	limit := max(2, len(folded)/3)
	limit = min(limit, len(folded)-1)
	best, bestDist := "", limit+1
	var rows [2][]int
	for _, c := range candidates {
		f := Fold(c)
		if abs(len(f)-len(folded)) >= bestDist || c == name || c == "" {
			continue
		}
		if d := editDistance(folded, f, &rows); d < bestDist {
			best, bestDist = c, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, replacements, and swaps of
// neighbours as two.
func editDistance(a, b string, rows *[2][]int) int {
	prev, cur := rows[0][:0], rows[1][:0]
	for j := 0; j <= len(b); j++ {
		prev = append(prev, j)
	}
	for i := 0; i < len(a); i++ {
		cur = append(cur[:0], i+1)
		for j := 0; j < len(b); j++ {
			d := prev[j]
			if a[i] != b[j] {
				d++
			}
			cur = append(cur, min(d, prev[j+1]+1, cur[j]+1))
		}
		prev, cur = cur, prev
	}
	rows[0], rows[1] = prev, cur
	return prev[len(b)]
}

func abs(n int) int { return max(n, -n) }
