//! Charts of several figures over days: columns in layers, and lines of shares. Drawn as the others in `chart`.

use askama::Template;
use askama::filters::HtmlSafe;

use super::chart::{GAP, HEIGHT, WIDTH, tenth, ticks};
use super::shown;

/// Layers of a column, from the ground up.
const LAYERS: usize = 3;

/// Columns in layers, each with a colour of its own and a line in the legend.
#[derive(Template)]
#[template(path = "stacks.html", config = "src/serve/console/askama.toml")]
pub(super) struct Stacks {
    title: &'static str,
    unit: &'static str,
    nothing: &'static str,
    /// Names and the classes that colour them.
    layers: [(&'static str, &'static str); LAYERS],
    columns: Vec<Stack>,
    ticks: Vec<String>,
    top: u64,
    sums: [u64; LAYERS],
}

impl HtmlSafe for Stacks {}

/// What a layer is, and how much there is of it.
struct Legend {
    name: &'static str,
    class: &'static str,
    calls: String,
}

struct Stack {
    label: String,
    values: [u64; LAYERS],
    parts: Vec<Part>,
}

struct Part {
    class: &'static str,
    name: &'static str,
    value: u64,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Stacks {
    pub(super) fn new(
        title: &'static str,
        unit: &'static str,
        nothing: &'static str,
        layers: [(&'static str, &'static str); LAYERS],
        values: Vec<(String, [u64; LAYERS])>,
    ) -> Self {
        let top = values.iter().map(|(_, values)| values.iter().sum()).max().unwrap_or(0);
        let room = WIDTH / values.len().max(1) as f64;
        let ticks = ticks(&values);
        let mut sums = [0; LAYERS];
        values.iter().for_each(|(_, values)| sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value));
        let column = |(index, (label, values)): (usize, (String, [u64; LAYERS]))| {
            let mut ground = HEIGHT;
            let part = |((name, class), value): ((&'static str, &'static str), u64)| {
                let height = value as f64 / top.max(1) as f64 * HEIGHT;
                ground -= height;
                let (x, width) = (tenth(index as f64 * room + room * GAP / 2.0), tenth(room * (1.0 - GAP)));
                Part { class, name, value, x, y: tenth(ground), width, height: tenth(height) }
            };
            let parts = layers.into_iter().zip(values).map(part).filter(|part| part.value > 0).collect();
            Stack { label, values, parts }
        };
        let columns = values.into_iter().enumerate().map(column).collect();
        Self { title, unit, nothing, layers, columns, ticks, top, sums }
    }

    fn legend(&self) -> Vec<Legend> {
        let line = |((name, class), sum): (&(&'static str, &'static str), &u64)| Legend {
            name,
            class,
            calls: shown::count(sum),
        };
        self.layers.iter().zip(&self.sums).map(line).collect()
    }

    fn sum(&self) -> u64 {
        self.sums.iter().sum()
    }
}

/// Shares over days, from nothing to all, as lines; days without a figure leave a gap.
#[derive(Template)]
#[template(path = "lines.html", config = "src/serve/console/askama.toml")]
pub(super) struct Lines {
    title: &'static str,
    unit: &'static str,
    nothing: &'static str,
    names: Vec<&'static str>,
    paths: Vec<String>,
    rows: Vec<(String, Vec<Option<String>>)>,
    ticks: Vec<String>,
}

impl HtmlSafe for Lines {}

impl Lines {
    /// One figure for every name in each of `values`.
    pub(super) fn new(
        title: &'static str,
        unit: &'static str,
        nothing: &'static str,
        names: Vec<&'static str>,
        values: &[(String, Vec<Option<f64>>)],
    ) -> Self {
        let room = WIDTH / values.len().max(1) as f64;
        let course = |line: usize| {
            let at = |(index, (_, shares)): (usize, &(String, Vec<Option<f64>>))| {
                let share = shares.get(line).copied().flatten()?;
                Some((tenth((index as f64 + 0.5) * room), tenth(HEIGHT - share.clamp(0.0, 1.0) * HEIGHT)))
            };
            path(values.iter().enumerate().map(at))
        };
        let written = |shares: &Vec<Option<f64>>| shares.iter().map(|share| share.map(shown::percent)).collect();
        Self {
            title,
            unit,
            nothing,
            paths: (0..names.len()).map(course).collect(),
            rows: values.iter().map(|(label, shares)| (label.clone(), written(shares))).collect(),
            ticks: ticks(values),
            names,
        }
    }

    fn is_empty(&self) -> bool {
        self.rows.iter().all(|(_, shares)| shares.iter().all(Option::is_none))
    }
}

/// A line through what is there; a point that stands alone is a dot.
fn path(points: impl Iterator<Item = Option<(f64, f64)>>) -> String {
    let mut path = String::new();
    let mut is_begun = false;
    for point in points {
        if let Some((x, y)) = point {
            path += &if is_begun { format!("L{x} {y}") } else { format!("M{x} {y}h0") };
        }
        is_begun = point.is_some();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_stand_on_each_other_and_the_highest_column_reaches_the_top() {
        let layers = [("Negative", "bad"), ("Neutral", "flat"), ("Positive", "good")];
        let values = vec![("Mon".to_owned(), [1, 2, 1]), ("Tue".to_owned(), [0, 1, 1])];
        let chart = Stacks::new("Sentiment", "Day", "None.", layers, values);
        let places: Vec<(f64, f64)> = chart.columns[0].parts.iter().map(|part| (part.y, part.height)).collect();
        assert_eq!(places, [(75.0, 25.0), (25.0, 50.0), (0.0, 25.0)]);
        assert_eq!((chart.columns[1].parts.len(), chart.sums, chart.top), (2, [1, 3, 2], 4));
    }

    #[test]
    fn a_day_without_a_figure_breaks_the_line() {
        let points = [Some((0.0, 50.0)), Some((10.0, 0.0)), None, Some((30.0, 100.0))];
        assert_eq!(path(points.into_iter()), "M0 50h0L10 0M30 100h0");
    }

    #[test]
    fn every_figure_of_a_line_is_in_the_table() {
        let values = [("Mon".to_owned(), vec![Some(0.5), None]), ("Tue".to_owned(), vec![None, Some(1.0)])];
        let html = Lines::new("Quality", "Day", "None.", vec!["One", "Other"], &values).render().unwrap();
        assert!(html.contains("50 %") && html.contains("100 %"), "{html}");
    }
}
