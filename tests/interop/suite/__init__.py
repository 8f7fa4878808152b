"""Programs that people use, run against ours."""
