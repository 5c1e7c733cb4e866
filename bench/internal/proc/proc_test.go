package proc

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

func TestAStatLineIsReadWhateverTheProgramIsCalled(t *testing.T) {
	const rest = ` S 41 7 7 0 -1 4194560 100 0 0 0 250 175 0 0 20 0 1 0 100 0 0`
	for _, name := range []string{"nginx", "a b", "x) R 1 2", "((", ""} {
		got, err := parseStat([]byte("7 (" + name + ")" + rest))
		if err != nil || got.parent != 41 || got.cpu != 4250*time.Millisecond {
			t.Errorf("(%s): %+v, %v", name, got, err)
		}
	}
	for _, line := range []string{"", "7 (nginx", "7 (nginx) S 41", "7 (nginx) S 41 7 7 0 -1 4194560 100 0 0 0 x 175 0"} {
		if _, err := parseStat([]byte(line)); err == nil {
			t.Errorf("%q was taken for a line of stat", line)
		}
	}
}

func TestPSSIsTheSumOfTheRollupAndNotOneOfItsParts(t *testing.T) {
	got, err := parsePSS([]byte("55d000-7ffe [rollup]\nRss:  9000 kB\nPss_Dirty: 77 kB\nPss:     1234 kB\nPss_Anon: 1 kB\n"))
	if err != nil || got != 1234 {
		t.Errorf("%d, %v", got, err)
	}
	for _, text := range []string{"", "Rss: 9000 kB\n", "Pss: 12 MB\n", "Pss: many kB\n"} {
		if _, err := parsePSS([]byte(text)); err == nil {
			t.Errorf("%q has a Pss", text)
		}
	}
}

func TestTheCPUClockOfAProcessCountsWhatItUses(t *testing.T) {
	me := []int{os.Getpid()}
	before, err := CPU(me)
	if err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 20*time.Millisecond; { // burn, and be counted
	}
	after, err := CPU(me)
	if err != nil || after <= before {
		t.Errorf("%v before, %v after 20 ms of work: %v", before, after, err)
	}
	if kib, err := PSS(me); err != nil || kib < 100 {
		t.Errorf("PSS %d KiB: %v", kib, err)
	}
	if _, err := CPU([]int{1 << 22}); err == nil {
		t.Error("a process that there is not has used CPU")
	}
}

func TestATreeHoldsChildrenAndNoStrangers(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	tree, err := Tree(os.Getpid())
	if err != nil || !slices.Contains(tree, child.Process.Pid) || slices.Contains(tree, os.Getppid()) {
		t.Errorf("the tree is %v, the child %d, the parent %d: %v", tree, child.Process.Pid, os.Getppid(), err)
	}
}
