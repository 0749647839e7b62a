//! A watched folder, or an archive that is imported once.
