//! A verdict as a document, for programs.

use serde_json::{Value, json};

use super::failure::Failure;
use super::progress::Progress;
use super::verdict::Verdict;

impl Verdict {
    /// What programs read: `verdict` is `done`, `progressing` or `failed`, and `cause` an id that stays as it is.
    pub fn document(&self) -> Value {
        match self {
            Self::Done(progress) => json!({ "verdict": "done", "progress": progress.document() }),
            Self::Progressing(progress) => json!({ "verdict": "progressing", "progress": progress.document() }),
            Self::Failed(failure) => failure.document(),
        }
    }
}

impl Failure {
    /// The failure as a program reads it.
    pub fn document(&self) -> Value {
        let evidence = self.evidence.iter().map(|e| json!({ "object": e.object, "said": e.said }));
        json!({
            "verdict": "failed",
            "cause": self.cause.id(),
            "message": self.headline(),
            "object": {
                "kind": self.subject.kind,
                "name": self.subject.name,
                "container": self.subject.container,
            },
            "evidence": evidence.collect::<Vec<_>>(),
            "mend": self.mend,
            "others": self.others,
            "notes": self.notes,
        })
    }
}

impl Progress {
    /// The progress as a program reads it.
    pub fn document(&self) -> Value {
        let pods = self.pods.iter().map(|p| json!({ "name": p.name, "ready": p.ready, "state": p.words }));
        json!({
            "replicas": {
                "wanted": self.wanted,
                "updated": self.updated,
                "ready": self.ready,
                "available": self.available,
                "old": self.old,
            },
            "pods": pods.collect::<Vec<_>>(),
            "event": self.newest,
            "waitsFor": self.waits_for,
            "notes": self.notes,
        })
    }
}
