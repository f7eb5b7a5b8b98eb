//! Why-reports in plain words, English and Chinese. Everything is computed from the report itself, so a report fetched
//! from a node reads the same as one made here.

use std::fmt;

use crate::{LimbReport, Outcome, REASON_BLOCKING, Report};

/// A language of reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::En))
    }
}

impl Report {
    /// The report for people, one line for the outcome and one for each limb, without a final line break.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let mut lines = vec![match language {
            Language::En => self.headline_en(),
            Language::Zh => self.headline_zh(),
        }];
        let columns: Vec<[String; 4]> = self.limbs.iter().map(|limb| columns(limb, language)).collect();
        let width = |i: usize| {
            columns.iter().filter_map(|row| row.get(i)).map(|c| c.chars().count()).max().unwrap_or(0)
        };
        let (name, part, share) = (width(0), width(1), width(2));
        for (limb, [a, b, c, needed]) in self.limbs.iter().zip(&columns) {
            let verdict = match (language, limb.met) {
                (Language::En, true) => "met",
                (Language::En, false) => "not met",
                (Language::Zh, true) => "满足",
                (Language::Zh, false) => "不满足",
            };
            lines.push(format!("  {a:<name$}  {b:<part$}  {c:>share$}  {needed}  {verdict}"));
        }
        for version in self.in_force.iter().flat_map(|in_force| &in_force.versions) {
            let (day, members) = (version.effective_on, version.members.join(", "));
            lines.push(match language {
                Language::En => format!("  from {day} for {members}"),
                Language::Zh => format!("  自 {day} 起适用于 {members}"),
            });
        }
        let objected = self.in_force.as_ref().map(|in_force| in_force.objected.join(", "));
        if let Some(objected) = objected.filter(|ids| !ids.is_empty()) {
            lines.push(match language {
                Language::En => format!("  not for {objected}, who objected in time"),
                Language::Zh => format!("  不适用于按时提出反对的 {objected}"),
            });
        }
        lines.join("\n")
    }

    fn headline_en(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Adopted => "adopted",
            Outcome::Rejected => "rejected",
            Outcome::Pending => "pending",
        };
        let mut line = format!("{}: {outcome}", self.rule);
        if let Some(day) = self.decided_on {
            line.push_str(&format!(" on {day}"));
        }
        if let Some(day) = self.effective_on {
            line.push_str(&format!(", in force on {day}"));
        }
        if let Some(reason) = &self.reason {
            let why = match reason.split_once(':') {
                Some(("veto", "absent")) => "a member that holds a veto stayed away".to_owned(),
                Some(("veto", who)) => format!("vetoed by {who}"),
                Some(("objection", who)) => format!("{who} objected"),
                None if reason == "veto" => "stopped by veto".to_owned(),
                None if reason == "objection" => "all objected".to_owned(),
                None if reason == "quorum" => "there was no quorum".to_owned(),
                None if reason == REASON_BLOCKING => "too few members opposed it to block".to_owned(),
                _ => reason.clone(),
            };
            line.push_str(&format!(" — {why}"));
        }
        line
    }

    fn headline_zh(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Adopted => "通过",
            Outcome::Rejected => "否决",
            Outcome::Pending => "未决",
        };
        let mut line = format!("{}：", self.rule);
        if let Some(day) = self.decided_on {
            line.push_str(&format!("{day} "));
        }
        line.push_str(outcome);
        if let Some(day) = self.effective_on {
            line.push_str(&format!("，{day} 生效"));
        }
        if let Some(reason) = &self.reason {
            let why = match reason.split_once(':') {
                Some(("veto", "absent")) => "持有否决权的成员缺席".to_owned(),
                Some(("veto", who)) => format!("{who} 行使否决权"),
                Some(("objection", who)) => format!("{who} 反对"),
                None if reason == "veto" => "被否决权阻止".to_owned(),
                None if reason == "objection" => "全体提出反对".to_owned(),
                None if reason == "quorum" => "未达法定人数".to_owned(),
                None if reason == REASON_BLOCKING => "反对者人数不足以阻止".to_owned(),
                _ => reason.clone(),
            };
            line.push_str(&format!("——{why}"));
        }
        line
    }
}

/// Name, part of whole, share, and what is needed.
fn columns(limb: &LimbReport, language: Language) -> [String; 4] {
    let of = match language {
        Language::En => format!("{} of {}", limb.numerator, limb.denominator),
        Language::Zh => format!("{} / {}", limb.numerator, limb.denominator),
    };
    let needed = match language {
        Language::En => format!("needs {}", limb.threshold),
        Language::Zh => format!("须 {}", limb.threshold),
    };
    [limb.name.clone(), of, limb.share.clone(), needed]
}
