//! A typed reader over a parsed TOML table that goes on after a problem, where serde would stop at the first.
//!
//! Each getter takes a key off its section, answers the default when the value is absent or wrong, and records what is
//! wrong. [`Section::finish`] reports the keys nobody asked for, with the nearest one that exists. Values of unknown
//! keys are never shown: somebody may have put a secret there.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problems;

/// Edits between a mistyped key and the one that was meant.
const TYPING_ERRORS_MAX: usize = 3;

/// One table of the file, absent ones included: they read as empty.
pub(super) struct Section<'t> {
    path: String,
    table: Option<&'t DeTable<'t>>,
    /// Where the table begins, if it is there.
    line: Option<usize>,
    text: &'t str,
    problems: &'t Problems,
    asked: RefCell<Vec<&'static str>>,
}

impl<'t> Section<'t> {
    pub(super) fn root(text: &'t str, table: Option<&'t DeTable<'t>>, problems: &'t Problems) -> Self {
        Self { path: String::new(), table, line: None, text, problems, asked: RefCell::default() }
    }

    /// Its own path, like `folders[1]`.
    pub(super) fn name(&self) -> &str {
        &self.path
    }

    /// The path of one of its keys, as messages show it.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Line of a key's value, from 1; that of the section when the key is absent.
    pub(super) fn line_of(&self, key: &str) -> Option<usize> {
        self.table?.get(key).map_or(self.line, |value| Some(self.line_at(value.span().start)))
    }

    /// Records a problem with one of its keys.
    pub(super) fn problem(&self, key: &str, message: impl Into<String>) {
        self.problems.add(self.path_of(key), self.line_of(key), message);
    }

    /// A table below this one.
    pub(super) fn section(&self, key: &'static str) -> Section<'t> {
        let value = self.value(key);
        let table = value.and_then(|value| value.get_ref().as_table());
        if let Some(value) = value.filter(|_| table.is_none()) {
            let wanted =
                if self.path.is_empty() { format!("a section [{key}]") } else { format!("a table, {key} = {{ … }}") };
            self.wrong_type(key, value, &wanted);
        }
        let line = self.line_of(key);
        Self {
            path: self.path_of(key),
            table,
            line,
            text: self.text,
            problems: self.problems,
            asked: RefCell::default(),
        }
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Whether the section is there and says nothing under a key; empty text counts as nothing.
    pub(super) fn lacks(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.get(key).is_none_or(|value| value.get_ref().as_str() == Some("")))
    }

    /// A list of tables, `[[key]]`.
    pub(super) fn sections(&self, key: &'static str) -> Vec<Section<'t>> {
        let path = self.path_of(key);
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &format!("a list of sections, each headed [[{path}]]"));
            return Vec::new();
        };
        let element = |(index, element): (usize, &'t Spanned<DeValue<'t>>)| {
            let path = format!("{path}[{index}]");
            let table = element.get_ref().as_table();
            let line = Some(self.line_at(element.span().start));
            if table.is_none() {
                self.problems.add(&path, line, format!("This must be a section headed [[{key}]]."));
            }
            Self { path, table, line, text: self.text, problems: self.problems, asked: RefCell::default() }
        };
        list.iter().enumerate().map(element).collect()
    }

    pub(super) fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.value(key) else { return default };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong_type(key, value, &format!("true or false, like {key} = {default}"));
            default
        })
    }

    /// A whole number in a range; the unit is in the key.
    pub(super) fn whole(&self, key: &'static str, range: RangeInclusive<u64>, default: u64) -> u64 {
        let Some(value) = self.value(key) else { return default };
        let (from, to) = (range.start(), range.end());
        let Some(number) = value.get_ref().as_integer() else {
            self.wrong_type(key, value, &format!("a whole number from {from} to {to}, like {key} = {default}"));
            return default;
        };
        match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.problem(key, format!("{number} is outside {from} to {to}; the default is {default}."));
                default
            }
        }
    }

    /// Text; empty counts as absent.
    pub(super) fn text(&self, key: &'static str, like: &str) -> Option<String> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(key, value, &format!("text in quotes, like {key} = \"{like}\""));
        }
        text.map(str::to_owned).filter(|text| !text.is_empty())
    }

    /// Text that becomes something else, or a problem in that thing's own words.
    pub(super) fn parsed<T, E: Display>(
        &self,
        key: &'static str,
        like: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(&self.text(key, like)?) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.problem(key, error.to_string());
                None
            }
        }
    }

    /// An absolute path; empty counts as absent. The message does not repeat the value: it may be a misplaced secret.
    pub(super) fn path(&self, key: &'static str, like: &str) -> Option<PathBuf> {
        self.parsed(key, like, |text| absolute(text).ok_or_else(|| not_absolute(key, like)))
    }

    /// A list of texts, each becoming something else.
    pub(super) fn list<T, E: Display>(
        &self,
        key: &'static str,
        like: &str,
        count_max: usize,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &format!("a list of texts, like {key} = [\"{like}\"]"));
            return Vec::new();
        };
        if list.len() > count_max {
            self.problem(key, format!("The list has {} entries; at most {count_max} are taken.", list.len()));
        }
        let mut parsed = Vec::new();
        for (index, element) in list.iter().take(count_max).enumerate() {
            let outcome = match element.get_ref().as_str() {
                Some(text) => parse(text).map_err(|error| error.to_string()),
                None => Err(format!("This is {}; the list takes texts in quotes.", kind_of(element.get_ref()))),
            };
            match outcome {
                Ok(value) => parsed.push(value),
                Err(message) => {
                    let line = self.line_at(element.span().start);
                    self.problems.add(format!("{}[{index}]", self.path_of(key)), Some(line), message);
                }
            }
        }
        parsed
    }

    /// Reports every key nobody asked for. `misplaced` may explain one better than its nearest neighbour would.
    pub(super) fn finish(&self, misplaced: impl Fn(&str) -> Option<String>) {
        let asked = self.asked.borrow();
        let unknown = self.table.into_iter().flatten().filter(|(key, _)| !asked.contains(&key.get_ref().as_ref()));
        for (key, _) in unknown {
            let name = key.get_ref().as_ref();
            let message =
                misplaced(name).unwrap_or_else(|| format!("There is no such setting. {}", nearest(name, &asked)));
            self.problems.add(self.path_of(name), Some(self.line_at(key.span().start)), message);
        }
    }

    fn value(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().push(key);
        self.table?.get(key)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        self.problem(key, format!("This is {}; it takes {wanted}.", kind_of(value.get_ref())));
    }

    fn line_at(&self, offset: usize) -> usize {
        line_at(self.text, offset)
    }
}

/// Line of a byte offset, from 1.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The path, if it is absolute.
pub(super) fn absolute(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    path.is_absolute().then_some(path)
}

/// The message for a path that is not.
pub(super) fn not_absolute(key: &str, like: &str) -> String {
    format!("This must be a path from the root, like {key} = \"{like}\"; '~' and relative paths are not resolved.")
}

fn nearest(name: &str, known: &[&'static str]) -> String {
    let close = known
        .iter()
        .map(|key| (strsim::damerau_levenshtein(name, key), *key))
        .filter(|(distance, key)| *distance <= TYPING_ERRORS_MAX.min(key.len() / 2))
        .min_by_key(|(distance, _)| *distance);
    match close {
        Some((_, key)) => format!("Did you mean {key}?"),
        None => format!("Here are known: {}.", known.join(", ")),
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a decimal point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}
