//! What the core wants done.
//!
//! The log is synced before a signed message leaves, before a round starts and before a decision is committed, as the
//! production's engine does; while the log is replayed nothing is written to it.

use borsh::{BorshDeserialize, BorshSerialize};
use futures::FutureExt as _;
use malachitebft_core_consensus::{
    ConsensusMsg, Effect, Input, LivenessMsg, ProposedValue, Resumable as _, Resume, SignedConsensusMsg,
};
use malachitebft_core_types::{
    CommitCertificate, NilOrVal, PolkaCertificate, Round, Timeout, TimeoutKind, ValueOrigin, VoteType,
};
use malachitebft_signing::{Signer as _, Verifier as _, VerifierExt as _};
use polity_consensus::{
    Fatal,
    bft::{BlockHash, Committee, Context, Vote, certificate_from_library, double_proposals, double_votes},
};
use polity_primitives::Height;

use super::{
    Node, Plant, Wire,
    node::{Task, proposed_value},
};
use crate::engine::Cx;

/// An entry of the log, in the order of the production's tags.
#[derive(BorshSerialize, BorshDeserialize)]
enum Entry {
    Consensus(SignedConsensusMsg<Context>),
    Timeout(u8, Round),
    Proposed(ProposedValue<Context>),
    Polka(PolkaCertificate<Context>),
}

impl Entry {
    /// What is kept of `input`; nothing of inputs that the production does not keep.
    fn of(input: Input<Context>) -> Option<Self> {
        Some(match input {
            Input::Vote(vote) => Self::Consensus(SignedConsensusMsg::Vote(vote)),
            Input::Proposal(proposal) => Self::Consensus(SignedConsensusMsg::Proposal(proposal)),
            Input::ProposedValue(value, _) => Self::Proposed(value),
            Input::PolkaCertificate(polka) => Self::Polka(polka),
            Input::TimeoutElapsed(timeout) => {
                let kind = match timeout.kind {
                    TimeoutKind::Propose => 1,
                    TimeoutKind::Prevote => 2,
                    TimeoutKind::Precommit => 3,
                    TimeoutKind::Rebroadcast => 7,
                    TimeoutKind::FinalizeHeight(_) => return None,
                };
                Self::Timeout(kind, timeout.round)
            }
            _ => return None,
        })
    }

    fn input(self) -> Result<Input<Context>, Fatal> {
        Ok(match self {
            Self::Consensus(SignedConsensusMsg::Vote(vote)) => Input::Vote(vote),
            Self::Consensus(SignedConsensusMsg::Proposal(proposal)) => Input::Proposal(proposal),
            Self::Proposed(value) => Input::ProposedValue(value, ValueOrigin::Consensus),
            Self::Polka(polka) => Input::PolkaCertificate(polka),
            Self::Timeout(kind, round) => Input::TimeoutElapsed(Timeout::new(
                round,
                match kind {
                    1 => TimeoutKind::Propose,
                    2 => TimeoutKind::Prevote,
                    3 => TimeoutKind::Precommit,
                    7 => TimeoutKind::Rebroadcast,
                    other => return Err(Fatal(format!("the log names a time-out {other}"))),
                },
            )),
        })
    }
}

/// A future of ours is ready at once: it computes, and waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> Result<T, Fatal> {
    future.now_or_never().ok_or_else(|| Fatal("a signature was waited for".to_owned()))
}

impl Node {
    /// The entries of the log.
    pub(super) fn entries(&mut self) -> Result<Vec<Input<Context>>, Fatal> {
        if self.log.is_empty() {
            return Ok(Vec::new());
        }
        let entries = self.log.iter().map_err(|e| Fatal::because(&e))?;
        entries
            .map(|bytes| {
                let bytes = bytes.map_err(|e| Fatal::because(&e))?;
                borsh::from_slice::<Entry>(&bytes).map_err(|e| Fatal::because(&e))?.input()
            })
            .collect()
    }

    fn append(&mut self, input: Input<Context>) -> Result<(), Fatal> {
        let (false, true, Some(entry)) = (self.replaying, self.validator, Entry::of(input)) else {
            return Ok(());
        };
        let bytes = borsh::to_vec(&entry).map_err(|e| Fatal::because(&e))?;
        self.log.append(bytes).map_err(|e| Fatal::because(&e))
    }

    fn sync_log(&mut self) -> Result<(), Fatal> {
        if self.replaying || !self.validator {
            return Ok(());
        }
        self.log.flush().map_err(|e| Fatal::because(&e))
    }

    /// Does what the core wants. After something fatal nothing more is done: the core is let run out and the node stops.
    pub(super) fn effect(&mut self, effect: Effect<Context>, cx: &mut Cx) -> Result<Resume<Context>, Fatal> {
        if self.fatal.is_some() {
            return Ok(Resume::Continue);
        }
        Ok(self.carry_out(effect, cx).unwrap_or_else(|fatal| {
            self.fatal = Some(fatal);
            Resume::Continue
        }))
    }

    fn carry_out(&mut self, effect: Effect<Context>, cx: &mut Cx) -> Result<Resume<Context>, Fatal> {
        Ok(match effect {
            Effect::CancelAllTimeouts(r) => {
                self.cancel_all();
                r.resume_with(())
            }
            Effect::CancelTimeout(timeout, r) => {
                self.cancel(timeout);
                r.resume_with(())
            }
            Effect::ScheduleTimeout(timeout, r) => {
                self.arm_core(timeout, cx);
                r.resume_with(())
            }
            Effect::StartRound(height, round, _, _, r) => {
                self.sync_log()?;
                self.held = None;
                if round.as_u32() > Some(0) {
                    cx.note(format!("round {round} of height {height}"));
                }
                r.resume_with(())
            }
            Effect::PublishConsensusMsg(message, r) => {
                self.sync_log()?;
                self.broadcast(&Wire::Consensus(message), cx);
                r.resume_with(())
            }
            Effect::PublishLivenessMsg(message, r) => {
                self.broadcast(&Wire::Liveness(message), cx);
                r.resume_with(())
            }
            Effect::RepublishVote(vote, r) => {
                self.broadcast(&Wire::Liveness(LivenessMsg::Vote(vote)), cx);
                r.resume_with(())
            }
            Effect::RepublishRoundCertificate(skip, r) => {
                self.broadcast(&Wire::Liveness(LivenessMsg::SkipRoundCertificate(skip)), cx);
                r.resume_with(())
            }
            Effect::GetValue(height, round, _, r) => {
                self.held = Some((height.0, round));
                r.resume_with(())
            }
            Effect::RestreamProposal(height, round, valid_round, proposer, block, r) => {
                if let Some(stream) = self.host.restream(height.0, round, valid_round, proposer.0, block.0)? {
                    self.stream(height.0, round, stream, cx);
                }
                r.resume_with(())
            }
            Effect::SignVote(vote, r) => {
                let vote = self.planted(vote);
                r.resume_with(now(self.signer.sign_vote(vote))?.map_err(|e| Fatal::because(&e))?)
            }
            Effect::SignProposal(proposal, r) => {
                r.resume_with(now(self.signer.sign_proposal(proposal))?.map_err(|e| Fatal::because(&e))?)
            }
            Effect::VerifySignature(message, key, r) => {
                let signature = &message.signature;
                let good = match &message.message {
                    ConsensusMsg::Vote(vote) => now(self.verifier.verify_signed_vote(vote, signature, &key))?,
                    ConsensusMsg::Proposal(proposal) => {
                        now(self.verifier.verify_signed_proposal(proposal, signature, &key))?
                    }
                };
                r.resume_with(good.is_ok_and(|good| good.is_valid()))
            }
            Effect::VerifyCommitCertificate(certificate, seats, thresholds, r) => {
                let verifier = self.verifier.clone();
                r.resume_with(now(verifier.verify_commit_certificate(
                    &Context,
                    &certificate,
                    &seats,
                    thresholds,
                ))?)
            }
            Effect::VerifyExtendedCommitCertificate(certificate, seats, thresholds, policy, r) => {
                let verifier = self.verifier.clone();
                r.resume_with(now(verifier.verify_extended_commit_certificate(
                    &Context,
                    &certificate,
                    &seats,
                    thresholds,
                    policy,
                ))?)
            }
            Effect::VerifyPolkaCertificate(certificate, seats, thresholds, r) => {
                let verifier = self.verifier.clone();
                r.resume_with(now(verifier.verify_polka_certificate(
                    &Context,
                    &certificate,
                    &seats,
                    thresholds,
                ))?)
            }
            Effect::VerifyRoundCertificate(certificate, seats, thresholds, r) => {
                let verifier = self.verifier.clone();
                r.resume_with(now(verifier.verify_round_certificate(
                    &Context,
                    &certificate,
                    &seats,
                    thresholds,
                ))?)
            }
            Effect::ExtendVote(.., r) => r.resume_with(None),
            Effect::VerifyVoteExtension(.., r) => r.resume_with(Ok(())),
            Effect::WalAppend(_, input, r) => {
                self.append(input)?;
                r.resume_with(())
            }
            Effect::CertVerifiedSyncValue(value, proposer, r) => {
                self.on_certified(value, proposer.0, cx)?;
                r.resume_with(())
            }
            Effect::CertRejectedSyncValue(_, height, error, r) => {
                self.on_rejected(height.0, &error.to_string(), cx);
                r.resume_with(())
            }
            Effect::Decide(certificate, _, r) => {
                self.sync_log()?;
                self.decide(&certificate, cx)?;
                r.resume_with(())
            }
            Effect::Finalize(certificate, _, evidence, r) => {
                let committee = self.committee_of(certificate.height.0)?;
                let full = certificate_from_library(&certificate, &committee)?;
                if self.last.as_ref().is_some_and(|last| full.signatures.len() > last.signatures.len()) {
                    self.host.enrich(full)?;
                }
                let votes = evidence.votes.iter().flat_map(|(_, pairs)| pairs);
                self.host.evidence(double_votes(votes))?;
                let proposals = evidence.proposals.iter().flat_map(|(_, pairs)| pairs);
                self.host.evidence(double_proposals(proposals))?;
                self.tasks.push_back(Task::Begin);
                r.resume_with(())
            }
        })
    }

    fn committee_of(&self, height: Height) -> Result<Committee, Fatal> {
        let committee = self.watch().committee(height).cloned();
        committee
            .map(Into::into)
            .ok_or_else(|| Fatal(format!("height {height} was finalized, but not decided here")))
    }

    fn decide(&mut self, certificate: &CommitCertificate<Context>, cx: &mut Cx) -> Result<(), Fatal> {
        let (certificate, late) = self.host.decided(certificate, cx.wall_ms())?;
        self.pace.decided(cx.now_ms(), certificate.round, self.host.app().block_time_ms());
        let (richer, evidence) = {
            let mut watch = self.watch();
            (watch.decided(certificate.clone()), watch.take_evidence())
        };
        if let Some(richer) = richer {
            self.host.enrich(richer)?;
        }
        self.host.evidence(evidence)?;
        cx.finalized(Height(certificate.height), certificate.block_hash);
        self.last = Some(certificate);
        self.watch().started(self.host.height(), self.host.committee().get());
        for block in late {
            let input = Input::ProposedValue(proposed_value(&block), ValueOrigin::Consensus);
            self.tasks.push_back(Task::Input(input));
        }
        Ok(())
    }

    /// The vote that is signed instead, by a node with a mistake in it.
    fn planted(&self, mut vote: Vote) -> Vote {
        if self.plant == Some(Plant::ForgottenLock)
            && vote.kind == VoteType::Prevote
            && vote.block == NilOrVal::Nil
            && let Some(block) = vote.round.as_u32().and_then(|round| self.proposed.get(&round))
        {
            vote.block = NilOrVal::Val(BlockHash(*block));
        }
        vote
    }
}
