//! A pattern set: the lines of a `.dockerignore`, or what a build daemon asks for, as moby's `patternmatcher` reads it.
//!
//! The last pattern that speaks about a path decides, `!` takes back what an earlier one matched, and a pattern that
//! matches a directory matches everything below it. The oddities are kept on purpose (`dir/**` leaves `dir` itself
//! alone, `/x` never matches, `\d` is a digit, `a|b*` is two alternatives): a context must hold what `docker build`
//! would send, not what would be reasonable. One is not: a pattern that has no meaning is refused at once, where moby
//! notices only when it first compares it with a path.

mod dialect;
pub(crate) mod glob;
pub(crate) mod path;
mod shape;

use std::borrow::Cow;

use shape::{Shape, View};

/// Why a list of patterns cannot be used; `index` counts the patterns as they were given, from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// `!` without anything to take back.
    #[error("the pattern `!` names nothing to take back")]
    LoneExclusion {
        /// Which pattern.
        index: usize,
    },
    /// Brackets, a backslash or a repetition that Go's `filepath.Match` or its `regexp` does not accept.
    #[error("syntax error in the pattern `{pattern}`")]
    Syntax {
        /// Which pattern.
        index: usize,
        /// The pattern, cleaned and without its `!`.
        pattern: String,
    },
}

impl PatternError {
    /// Which of the given patterns is at fault, counted from 0.
    pub fn index(&self) -> usize {
        match self {
            Self::LoneExclusion { index } | Self::Syntax { index, .. } => *index,
        }
    }
}

/// Patterns in their order, ready to be compared with slash paths relative to the context.
#[derive(Debug, Clone, Default)]
pub struct PatternSet {
    patterns: Vec<Pattern>,
}

/// One pattern that is not blank.
#[derive(Debug, Clone)]
struct Pattern {
    index: usize,
    excludes: bool,
    text: String,
    shape: Shape,
}

/// Which patterns matched a directory, for whoever walks into it; by default nothing is known about the parent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParentMatches {
    matched: Vec<bool>,
}

impl PatternSet {
    /// Cleans the patterns (blank ones are passed over) and checks them.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, PatternError> {
        let patterns = patterns
            .into_iter()
            .enumerate()
            .filter(|(_, pattern)| !pattern.trim().is_empty())
            .map(|(index, pattern)| Pattern::new(index, pattern.trim()));
        Ok(Self { patterns: patterns.collect::<Result<_, _>>()? })
    }

    /// True if some pattern starts with `!`.
    pub fn has_exclusions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.excludes)
    }

    /// True if the patterns match the path or, through it, a directory above it.
    pub fn matches_or_parent_matches(&self, path: &str) -> bool {
        self.decided_by(path).is_some()
    }

    /// For a path that [`Self::matches_or_parent_matches`]: which of the given patterns, counted from 0 with the
    /// blank ones, turned the answer to that for the last time.
    pub fn decided_by(&self, path: &str) -> Option<usize> {
        let levels = Levels::of(path);
        let mut decided = None;
        for pattern in &self.patterns {
            if pattern.excludes == decided.is_some() && levels.any(&pattern.shape) {
                decided = (!pattern.excludes).then_some(pattern.index);
            }
        }
        decided
    }

    /// The answer for a path whose parent directory gave `parent`, and what its own children are to be asked with.
    ///
    /// It can differ from [`Self::matches_or_parent_matches`], as in moby: a pattern that did not matter to the parent,
    /// since it had already matched or had not yet, is not compared with the parent again.
    pub fn matches_using_parent(&self, path: &str, parent: &ParentMatches) -> (bool, ParentMatches) {
        let known = parent.matched.len() == self.patterns.len();
        let parts: Vec<&str> = path.split('/').collect();
        let levels = (!known).then(|| Levels::of(path));
        let (mut answer, mut matched) = (false, vec![false; self.patterns.len()]);
        for (at, pattern) in self.patterns.iter().enumerate() {
            if !(known && parent.matched[at]) {
                if pattern.excludes != answer {
                    continue;
                }
                let hit = match &levels {
                    Some(levels) => levels.any(&pattern.shape),
                    None => pattern.shape.matches(View { text: path, parts: &parts }),
                };
                if !hit {
                    continue;
                }
            }
            matched[at] = true;
            answer = !pattern.excludes;
        }
        (answer, ParentMatches { matched })
    }

    /// The cleaned patterns without their `!`: either those that have one or those that have none.
    pub(crate) fn texts(&self, exclusions: bool) -> impl Iterator<Item = &str> {
        self.patterns.iter().filter(move |pattern| pattern.excludes == exclusions).map(|pattern| pattern.text.as_str())
    }
}

impl Pattern {
    fn new(index: usize, pattern: &str) -> Result<Self, PatternError> {
        let cleaned = path::clean(pattern);
        let (excludes, text) = match cleaned.strip_prefix('!') {
            Some("") => return Err(PatternError::LoneExclusion { index }),
            Some(text) => (true, text),
            None => (false, cleaned.as_str()),
        };
        // moby asks about `.` for the error alone.
        let shape = glob::glob_match(text, ".").ok().and_then(|_| Shape::of(text));
        let shape = shape.ok_or_else(|| PatternError::Syntax { index, pattern: text.to_owned() })?;
        Ok(Self { index, excludes, text: text.to_owned(), shape })
    }
}

/// A path and the directories above it.
struct Levels<'p> {
    path: &'p str,
    parts: Vec<&'p str>,
    above: Above,
}

/// The directories above a path.
enum Above {
    None,
    /// Those that the path itself spells.
    Spelled,
    /// Those of the parent's clean spelling, where the path's own is another.
    Cleaned(String),
}

impl<'p> Levels<'p> {
    fn of(path: &'p str) -> Self {
        let above = match path::dir(path) {
            parent if parent == "." => Above::None,
            Cow::Borrowed(_) => Above::Spelled,
            Cow::Owned(parent) => Above::Cleaned(parent),
        };
        Self { path, parts: path.split('/').collect(), above }
    }

    /// True if the shape matches the path or a directory above it.
    fn any(&self, shape: &Shape) -> bool {
        shape.matches(View { text: self.path, parts: &self.parts })
            || match &self.above {
                Above::None => false,
                Above::Spelled => any_prefix(self.path, &self.parts[..self.parts.len() - 1], shape),
                Above::Cleaned(parent) => any_prefix(parent, &parent.split('/').collect::<Vec<_>>(), shape),
            }
    }
}

/// True if the shape matches one of the paths that end behind one of the parts.
fn any_prefix(path: &str, parts: &[&str], shape: &Shape) -> bool {
    match shape {
        // What is exact about a directory can be told from the path: no need to try each.
        Shape::Exact(exact) => {
            path.strip_prefix(exact.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        Shape::Never => false,
        _ => {
            let mut end = 0;
            parts.iter().enumerate().any(|(at, part)| {
                end += part.len() + usize::from(at > 0);
                shape.matches(View { text: &path[..end], parts: &parts[..=at] })
            })
        }
    }
}

#[cfg(test)]
mod tests;
