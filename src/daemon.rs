//! The composition root of `callscribe serve`, on one page.
