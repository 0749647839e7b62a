//! Arguments, dispatch, exit codes.

fn main() {}
