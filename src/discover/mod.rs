//! Adds work: asks providers what is new and writes it to the store. Never fetches audio, never runs a step.
