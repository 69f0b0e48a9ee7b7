package record

// CheckpointEvery has logs checkpointed after so many bytes.
func CheckpointEvery(c *Config, bytes uint64) { c.checkpointEvery = bytes }
