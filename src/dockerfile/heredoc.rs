//! A heredoc: `<<EOF` in an instruction, and the lines up to `EOF` below it.

use super::budget::Budget;
use super::shell::{Dialect, Escapes, Nothing, Quotes, Substitution, Unset, expand};

/// A heredoc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, which is also the name of the file that `COPY` and `ADD` make.
    pub name: String,
    /// `3<<EOF`: the file descriptor that a shell opens it as; 0 where none is stated.
    pub descriptor: u64,
    /// No part of its word is quoted: variables in its content are expanded, by whoever takes it.
    pub expand: bool,
    /// `<<-`: tabs at the front of its lines are taken off by whoever takes it.
    pub chomp: bool,
    /// Its lines as they are written, each with its line break.
    pub content: String,
}

impl Heredoc {
    /// Its content without the tabs that `<<-` takes off.
    pub fn chomped(&self) -> String {
        if !self.chomp {
            return self.content.clone();
        }
        self.content.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
    }

    /// The word and its content as a shell reads them.
    pub(super) fn tail(&self) -> String {
        format!("\n{}{}", self.content, self.name)
    }
}

/// The heredocs that a line asks for. A line whose quotes don't close has none, as the frontend has it.
pub(super) fn in_line(line: &str) -> Result<Vec<Heredoc>, Substitution> {
    let dialect = Dialect { escape: '\\', quotes: Quotes::Keep, escapes: Escapes::Keep, unset: Unset::Keep };
    let Ok(expansion) = expand(line, dialect, &Nothing, &Budget::new()) else { return Ok(Vec::new()) };
    expansion.words.iter().filter_map(|word| in_word(word).transpose()).collect()
}

/// The heredoc that a word is: digits, `<<`, perhaps `-`, and one word without `<`.
pub(super) fn in_word(word: &str) -> Result<Option<Heredoc>, Substitution> {
    let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let Some(rest) = word[digits..].strip_prefix("<<") else { return Ok(None) };
    let (chomp, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    let rest = rest.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let quotes = |quotes| Dialect { quotes, unset: Unset::Keep, ..Dialect::arguments('\\') };
    let bare = expand(rest, quotes(Quotes::Strip), &Nothing, &Budget::new())?.words;
    let kept = expand(rest, quotes(Quotes::Keep), &Nothing, &Budget::new())?.words;
    let ([name], [whole]) = (bare.as_slice(), kept.as_slice()) else { return Ok(None) };
    let marks = |text: &str| text.matches(['\'', '"']).count();
    let expand = marks(name) == marks(whole);
    let descriptor = if digits == 0 { 0 } else { word[..digits].parse().unwrap_or(u64::MAX) };
    Ok(Some(Heredoc { name: name.clone(), descriptor, expand, chomp, content: String::new() }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn names(line: &str) -> Vec<String> {
        in_line(line).unwrap().into_iter().map(|h| h.name).collect()
    }

    #[test]
    fn every_word_may_be_one() {
        assert_eq!(names("RUN cat <<EOF | sh"), ["EOF"]);
        assert_eq!(names("RUN <<A <<-B 3<<C cat"), ["A", "B", "C"]);
        assert_eq!(names("COPY <<'a b' <<\"c\" <<\\d << e /x/"), ["a b", "c", "d", "e"]);
        assert_eq!(names("RUN echo ${X:=y} <<EOF"), ["EOF"]);
        for none in
            ["RUN cat <<<EOF", "RUN echo a<<EOF", "RUN echo '<<EOF'", "RUN echo ' <<EOF", "RUN cat <<", "RUN 1<2"]
        {
            assert_eq!(names(none), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn quotes_in_its_word_keep_its_content_as_it_is() {
        let one = |word: &str| in_word(word).unwrap().unwrap();
        assert!(one("<<EOF").expand && one("<<$X").expand);
        assert!(!one("<<'EOF'").expand && !one("<<E\"O\"F").expand);
        assert_eq!((one("12<<-EOF").descriptor, one("12<<-EOF").chomp), (12, true));
        let tabs = Heredoc { content: "\t\ta\n\tb\tc\n".into(), ..one("<<-E") };
        assert_eq!(tabs.chomped(), "a\nb\tc\n");
    }
}
