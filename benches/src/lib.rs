//! Benchmarks of the Wirestate crates, as ratios against a peer in the same run
