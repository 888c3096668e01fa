package eval

import (
	"os"
	"strconv"
	"testing"

	"github.com/goccy/go-yaml"
)

// PINKSTAR_TUNE=rounds turns the knobs and prints what came out. It takes long.
func TestTune(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("PINKSTAR_TUNE"))
	if err != nil {
		t.Skip("set PINKSTAR_TUNE to a number of rounds")
	}
	seeds, _ := strconv.Atoi(os.Getenv("PINKSTAR_TUNE_SEEDS"))
	set, best, err := Tune(TuneOptions{Seeds: seeds, Rounds: rounds, Workers: 2, Log: os.Stdout})
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(set.Correlation)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("objective %.5f\n%s", best, text)
}
