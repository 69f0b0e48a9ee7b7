package record

// CheckpointEvery has logs checkpointed after so many bytes.
func CheckpointEvery(c *Config, bytes uint64) { c.checkpointEvery = bytes }

// Together has logs synced together if there are so many.
func Together(c *Config, logs int) { c.together = logs }
