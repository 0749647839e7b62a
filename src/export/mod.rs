//! A transcript as people and other tools read it: one file a format. Pure text in, text out; never touches a file.
