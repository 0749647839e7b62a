//! What a transcript tells: language, summary. Pure and deterministic; the same words give the same insight.
