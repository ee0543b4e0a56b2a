//! A budget: how much work one evaluation may take, so that no Dockerfile is a bomb.

use std::cell::Cell;

/// In characters written, compared or copied. A real Dockerfile needs thousands; variables that double each other need
/// more than any machine has.
const WORK: usize = 1 << 24;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

/// The work is more than the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spent;

impl Budget {
    /// A whole one.
    pub(super) fn new() -> Self {
        Self::of(WORK)
    }

    /// One of this size.
    pub(super) fn of(work: usize) -> Self {
        Self(Cell::new(work))
    }

    /// Takes some of it.
    pub(super) fn take(&self, work: usize) -> Result<(), Spent> {
        let left = self.0.get().checked_sub(work).ok_or(Spent)?;
        self.0.set(left);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends() {
        let budget = Budget::of(9);
        assert_eq!(budget.take(9), Ok(()));
        assert_eq!(budget.take(1), Err(Spent));
        assert_eq!(budget.take(0), Ok(()));
    }
}
