//! How a transaction comes in.

use std::sync::Arc;

use polity_charter::Access;
use polity_execution::randao;
use polity_institutions::registry;
use polity_mempool::{AccountView, AdmissionRules, Condition, NextBlock, check};
use polity_primitives::{Address, B256, KECCAK_EMPTY, RecoveredTransaction, Transaction, TransactionError};

use crate::{Error, ExecutedBlock, Head, Ledger, SubmitError, view::StateSlots};

/// Code of an account that delegates by EIP-7702 starts so.
const DELEGATION: [u8; 3] = [0xef, 0x01, 0x00];

impl Ledger {
    /// Decodes, checks and admits a raw transaction; returns its hash.
    ///
    /// Cost: one signature recovery, on the caller's thread.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing is changed.
    pub fn submit(&self, raw: &[u8], condition: Condition) -> Result<B256, SubmitError> {
        let tx = Transaction::decode_sent(raw)?;
        if self.0.mempool.get(tx.tx_hash()).is_some() {
            return Err(polity_mempool::Rejected::AlreadyKnown.into());
        }
        let transaction = RecoveredTransaction::recover(Transaction::Signed(tx))?;
        if transaction.sender == Address::ZERO {
            return Err(TransactionError::Signature.into());
        }
        // No reorganisation comes between the look at the account and the pool.
        let _still = self.0.moving.read();
        let head = self.head();
        let account = self.account_view(&head, &transaction.sender)?;
        check(&transaction, &admission_rules(&head), &account)?;
        condition.check(&self.next_block(&head, None))?;
        let sender = transaction.sender;
        let hash = self.0.mempool.insert(transaction, condition, account.nonce)?.hash;
        // A block may have been settled since `head` was read, and its word to the pool may have come before the transaction: the
        // pool would wait for a nonce that is used. The head is replaced before the pool is told, so it is enough to look again.
        let now = self.head();
        if now.hash() != head.hash() {
            self.0.mempool.advance(&sender, now.state.account(&sender).unwrap_or_default().nonce);
        }
        Ok(hash)
    }

    fn account_view(&self, head: &Head, sender: &Address) -> Result<AccountView, Error> {
        let account = head.state.account(sender).unwrap_or_default();
        let has_code = account.code_hash != KECCAK_EMPTY
            && !self.0.code(&account.code_hash, &head.trail)?.starts_with(&DELEGATION);
        let may_transact = match head.agreement.rules.transact {
            Access::Anyone => true,
            Access::Members => registry::may_transact(&StateSlots(&head.state), *sender),
        };
        Ok(AccountView { nonce: account.nonce, balance: account.balance, has_code, may_transact })
    }

    /// What is known of the block after `head`. Without a clock the time of a wall-clock chain is its parent's.
    pub(crate) fn next_block(&self, head: &Head, now_ms: Option<u64>) -> NextBlock {
        let number = head.height().next().0;
        NextBlock {
            number,
            timestamp_secs: self.timestamp(head, now_ms),
            base_fee: head.agreement.rules.next_base_fee(head.header()),
        }
    }

    /// The next block as it would be built on the head now, of what waits. Cached while neither changes.
    ///
    /// # Errors
    /// What execution says.
    pub fn preview(&self) -> Result<Arc<ExecutedBlock>, Error> {
        let head = self.head();
        let key = (head.hash(), self.0.mempool.version(), self.0.docket.version());
        if let Some((cached, block)) = self.0.preview.lock().as_ref()
            && *cached == key
        {
            return Ok(block.clone());
        }
        let block = self.assemble(&head, Address::ZERO, randao(head.hash()), None, 0)?.executed.block;
        *self.0.preview.lock() = Some((key, block.clone()));
        Ok(block)
    }
}

fn admission_rules(head: &Head) -> AdmissionRules {
    let rules = &head.agreement.rules;
    AdmissionRules { chain_id: rules.chain_id, gas_limit_max: rules.tx_gas_max(), free: rules.is_free() }
}
