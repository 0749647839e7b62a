//! Charts as inline SVG, drawn here: columns over time and bars by name. Labels stand beside the drawing as text, so that
//! they keep their size on a phone, and every figure can be read as a table.

use std::collections::HashMap;

use askama::Template;
use askama::filters::HtmlSafe;

use super::shown;

/// Units of a drawing's width and of a column chart's height.
pub(super) const WIDTH: f64 = 1000.0;
pub(super) const HEIGHT: f64 = 100.0;
/// Share of a column's room that stays empty.
pub(super) const GAP: f64 = 0.22;
/// Least height of a column that is not nothing.
const SEEN_MIN: f64 = 1.5;
/// Labels under a column chart.
const TICKS_MAX: usize = 6;

/// Columns over something that goes on: days, hours.
#[derive(Template)]
#[template(path = "columns.html", config = "src/serve/console/askama.toml")]
pub(super) struct Columns {
    /// What scripts find it by.
    id: Option<&'static str>,
    title: &'static str,
    /// What the first column of the table is.
    unit: &'static str,
    columns: Vec<Column>,
    ticks: Vec<String>,
    top: u64,
    sum: u64,
}

impl HtmlSafe for Columns {}

struct Column {
    label: String,
    value: u64,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Columns {
    pub(super) fn new(title: &'static str, unit: &'static str, values: Vec<(String, u64)>) -> Self {
        let top = values.iter().map(|(_, value)| *value).max().unwrap_or(0);
        let room = WIDTH / values.len().max(1) as f64;
        let ticks = ticks(&values);
        let column = |(index, (label, value)): (usize, (String, u64))| {
            let height = if value == 0 { 0.0 } else { (value as f64 / top as f64 * HEIGHT).max(SEEN_MIN) };
            Column {
                label,
                value,
                x: tenth(index as f64 * room + room * GAP / 2.0),
                y: tenth(HEIGHT - height),
                width: tenth(room * (1.0 - GAP)),
                height: tenth(height),
            }
        };
        let sum = values.iter().map(|(_, value)| *value).sum();
        Self { id: None, title, unit, columns: values.into_iter().enumerate().map(column).collect(), ticks, top, sum }
    }

    /// Found by a script as `id`.
    pub(super) fn named(self, id: &'static str) -> Self {
        Self { id: Some(id), ..self }
    }
}

/// Labels under columns: as many as fit, evenly apart, each under its own.
pub(super) fn ticks<T>(values: &[(String, T)]) -> Vec<String> {
    let every = values.len().div_ceil(TICKS_MAX).max(1);
    values.iter().step_by(every).map(|(label, _)| label.clone()).collect()
}

/// Bars by name, the longest first.
#[derive(Template)]
#[template(path = "bars.html", config = "src/serve/console/askama.toml")]
pub(super) struct Bars {
    title: &'static str,
    bars: Vec<NamedBar>,
    left_out: u64,
    nothing: &'static str,
}

impl HtmlSafe for Bars {}

struct NamedBar {
    name: String,
    value: u64,
    /// What it was in the period before.
    before: Option<u64>,
    width: f64,
    /// Where the calls behind it are.
    link: Option<String>,
}

impl Bars {
    /// The `most` largest of `values`, those of one size by name; `nothing` is said when there are none.
    pub(super) fn largest(
        title: &'static str,
        nothing: &'static str,
        values: impl IntoIterator<Item = (String, u64)>,
        most: usize,
    ) -> Self {
        let mut values: Vec<(String, u64)> = values.into_iter().collect();
        values.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        let left_out = values.len().saturating_sub(most) as u64;
        values.truncate(most);
        Self { left_out, ..Self::in_order(title, nothing, values) }
    }

    /// Each bar that stands for calls leads to where `link` says, by its name.
    pub(super) fn linked(mut self, link: impl Fn(&str) -> String) -> Self {
        self.bars.iter_mut().filter(|bar| bar.value > 0).for_each(|bar| bar.link = Some(link(&bar.name)));
        self
    }

    /// Each bar with what it was in the period before, by its name; none of what was not there then.
    pub(super) fn beside(mut self, before: &HashMap<&str, u64>) -> Self {
        self.bars.iter_mut().for_each(|bar| bar.before = Some(before.get(bar.name.as_str()).copied().unwrap_or(0)));
        self
    }

    /// Some bar tells what was before.
    fn is_compared(&self) -> bool {
        self.bars.iter().any(|bar| bar.before.is_some())
    }

    /// The names as people write them, once they are linked.
    pub(super) fn named(mut self, name: impl Fn(&str) -> String) -> Self {
        self.bars.iter_mut().for_each(|bar| bar.name = name(&bar.name));
        self
    }

    /// All of `values` as they come.
    pub(super) fn in_order(title: &'static str, nothing: &'static str, values: Vec<(String, u64)>) -> Self {
        let top = values.iter().map(|(_, value)| *value).max().unwrap_or(0).max(1);
        let bar = |(name, value): (String, u64)| NamedBar {
            width: if value == 0 { 0.0 } else { tenth((value as f64 / top as f64 * WIDTH).max(SEEN_MIN)) },
            name,
            value,
            before: None,
            link: None,
        };
        Self { title, bars: values.into_iter().map(bar).collect(), left_out: 0, nothing }
    }
}

/// A line small enough for a cell of a table: shares in the order of time, from the lowest at its foot to the highest.
#[derive(Template)]
#[template(path = "spark.html", config = "src/serve/console/askama.toml")]
pub(super) struct Spark {
    /// What it shows, for those who do not see it.
    says: String,
    path: String,
}

impl HtmlSafe for Spark {}

impl Spark {
    /// Of shares, each with its place in time; absent for less than two. `span` is the least that its height stands for, so
    /// that what hardly changes does not look as if it did.
    pub(super) fn of(unit: &str, values: &[(f64, f64)], span: f64) -> Option<Self> {
        let [(from, first), .., (to, last)] = values else { return None };
        let low = values.iter().map(|(_, share)| *share).fold(f64::INFINITY, f64::min);
        let high = values.iter().map(|(_, share)| *share).fold(f64::NEG_INFINITY, f64::max);
        let (middle, height) = ((low + high) / 2.0, (high - low).max(span));
        let at = |(place, share): &(f64, f64)| {
            let x = tenth((place - from) / (to - from).max(1.0) * WIDTH);
            format!("{x} {}", tenth(HEIGHT / 2.0 - (share - middle) / height * HEIGHT))
        };
        let points: Vec<String> = values.iter().map(at).collect();
        let [first, last, low] = [*first, *last, low].map(shown::percent);
        Some(Self {
            says: format!("By {unit}: {first} at first, {last} at last, {low} at the lowest"),
            path: format!("M{}", points.join("L")),
        })
    }
}

pub(super) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(values: &[u64]) -> Columns {
        Columns::new(
            "Calls by day",
            "Day",
            values.iter().enumerate().map(|(day, n)| (format!("day {day}"), *n)).collect(),
        )
    }

    #[test]
    fn columns_are_as_high_as_their_share_of_the_largest() {
        let heights: Vec<f64> = days(&[5, 10, 0]).columns.iter().map(|column| column.height).collect();
        assert_eq!(heights, [50.0, 100.0, 0.0]);
        let bottoms =
            days(&[5, 10, 0]).columns.into_iter().all(|column| (column.y + column.height - HEIGHT).abs() < 0.11);
        assert!(bottoms, "every column stands on the ground");
    }

    #[test]
    fn the_smallest_of_many_can_still_be_seen() {
        assert!(days(&[1, 100_000]).columns[0].height >= SEEN_MIN);
    }

    #[test]
    fn few_labels_stand_under_many_columns() {
        assert_eq!(days(&[1; 90]).ticks.len(), TICKS_MAX);
        assert_eq!(days(&[1; 3]).ticks, ["day 0", "day 1", "day 2"]);
        assert!(days(&[]).ticks.is_empty());
    }

    #[test]
    fn the_largest_come_first_and_the_rest_is_counted() {
        let values = [("b", 2), ("a", 2), ("c", 7)].map(|(name, value)| (name.to_owned(), value));
        let bars = Bars::largest("Topics", "None.", values, 2);
        let names: Vec<&str> = bars.bars.iter().map(|bar| bar.name.as_str()).collect();
        assert_eq!((names.as_slice(), bars.left_out), (["c", "a"].as_slice(), 1));
        assert!((bars.bars[0].width - WIDTH).abs() < 0.1);
    }

    #[test]
    fn a_bar_says_what_was_before_and_what_was_not_there_was_nothing() {
        let values = [("refund", 7), ("parking", 2)].map(|(name, value)| (name.to_owned(), value));
        let bars = Bars::largest("Topics", "None.", values, 5).beside(&HashMap::from([("refund", 1_200), ("card", 3)]));
        let before: Vec<Option<u64>> = bars.bars.iter().map(|bar| bar.before).collect();
        assert_eq!(before, [Some(1_200), Some(0)]);
        assert!(bars.render().unwrap().contains("1,200 before"));
    }

    #[test]
    fn a_small_line_keeps_the_distances_of_time_and_does_not_make_much_of_little() {
        let spark = |values: &[(f64, f64)]| Spark::of("week", values, 0.1);
        let falling = spark(&[(0.0, 0.9), (7.0, 0.8), (28.0, 0.7)]).unwrap();
        assert_eq!(falling.path, "M0 0L250 50L1000 100");
        assert_eq!(falling.says, "By week: 90 % at first, 70 % at last, 70 % at the lowest");
        assert_eq!(spark(&[(0.0, 0.9), (7.0, 0.91)]).unwrap().path, "M0 55L1000 45");
        assert!(spark(&[(0.0, 0.9)]).is_none());
    }

    #[test]
    fn names_are_escaped_and_every_value_is_in_the_table() {
        let html = Bars::largest("Topics", "None.", [("<b>x</b>".to_owned(), 3)], 5).render().unwrap();
        assert!(!html.contains("<b>x") && html.contains("3"), "{html}");
        let html = days(&[4, 9]).render().unwrap();
        assert!(html.contains("<td>day 1</td>") && html.contains("<td class=\"number\">9</td>"), "{html}");
    }
}
