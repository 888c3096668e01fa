package strict

// Nearest returns the known word that somebody who wrote word probably meant;
// ok is false when none is near.
func Nearest(word string, known []string) (near string, ok bool) {
	best := 1 + max(1, len(word)/3) // this many slips are too many
	for _, k := range known {
		if d := slips(word, k); d < best {
			best, near, ok = d, k, true
		}
	}
	return near, ok
}

// slips counts the letters to put in, take out, change or swap with their
// neighbour to make b of a (the optimal string alignment distance).
func slips(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i, p := range x {
		for j, q := range y {
			cost := 1
			if p == q {
				cost = 0
			}
			d := min(rows[i][j+1]+1, rows[i+1][j]+1, rows[i][j]+cost)
			if i > 0 && j > 0 && p == y[j-1] && x[i-1] == q {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(x)][len(y)]
}
