//! redb behind a small door: schema on one screen, versioned records, queue, queries.
