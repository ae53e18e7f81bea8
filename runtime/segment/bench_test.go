package segment

import "testing"

func BenchmarkAttach(b *testing.B) {
	o := Options{Root: memoryDir(b)}
	mustCreate(b, "roof", withFlex(), o)
	for b.Loop() {
		s, err := Attach("roof", withFlex(), o)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreateAndRemove(b *testing.B) {
	o := Options{Root: memoryDir(b)}
	for b.Loop() {
		s, err := Create("roof", withFlex(), o)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Remove(); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
