//! A tracer that stops when what it collects grows too large.
//!
//! Steps and gas bound a trace only loosely: one step can repeat the whole stack, memory or storage, and a call that costs
//! a hundred gas can carry a megabyte of input. So everything a tracer keeps or will write out is counted here, in bytes
//! before they become text, and the execution ends once there are more than [`TRACE_BYTES_MAX`].

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, Log, U256};
use alloy_rpc_types_trace::geth::{
    GethDebugBuiltInTracerType as Tracer, GethDebugTracerType, GethDebugTracingOptions,
};
use revm::{
    Inspector,
    bytecode::opcode::{SLOAD, SSTORE},
    context_interface::{ContextError, ContextTr},
    inspector::JournalExt,
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter,
        interpreter_types::{InputsTr, Jumps, ReturnData},
    },
    state::EvmState,
};
use revm_inspectors::tracing::DebugInspector;

use super::CallError;

/// Most bytes one trace collects. Twice as many as text, which is more than a node answers with.
pub const TRACE_BYTES_MAX: usize = 32 << 20;

/// What a step costs beside what it shows: program counter, opcode, gas.
const STEP_BYTES: usize = 128;
/// What a call costs beside input and output. About the size of the record in `revm-inspectors`.
const CALL_BYTES: usize = 512;
/// A slot and its value.
const SLOT_BYTES: usize = 64;
/// An account beside code and slots.
const ACCOUNT_BYTES: usize = 128;
const WORD_BYTES: usize = 32;

/// What each step shows.
#[derive(Clone, Copy, Debug)]
struct Steps {
    max: u64,
    stack: bool,
    memory: bool,
    storage: bool,
    return_data: bool,
}

impl Steps {
    /// What the tracer of `options` shows of each step; `None` for tracers of calls and accounts.
    fn of(options: &GethDebugTracingOptions) -> Option<Self> {
        let all = Self { max: u64::MAX, stack: true, memory: true, storage: false, return_data: false };
        match &options.tracer {
            Some(GethDebugTracerType::BuiltInTracer(Tracer::Erc7562Tracer | Tracer::MuxTracer)) => Some(all),
            Some(GethDebugTracerType::BuiltInTracer(_)) => None,
            _ => Some(Self {
                max: options.config.limit.unwrap_or(u64::MAX),
                stack: options.config.is_stack_enabled(),
                memory: options.config.is_memory_enabled(),
                storage: options.config.is_storage_enabled(),
                return_data: options.config.is_return_data_enabled(),
            }),
        }
    }
}

/// A tracer and its budget. The budget is for all transactions it sees.
#[derive(Debug)]
pub(super) struct Bounded {
    pub(super) tracer: DebugInspector,
    steps: Option<Steps>,
    seen: u64,
    slots: BTreeMap<Address, BTreeSet<U256>>,
    used: usize,
}

impl Bounded {
    pub(super) fn new(options: GethDebugTracingOptions) -> Result<Self, CallError> {
        let steps = Steps::of(&options);
        let tracer = DebugInspector::new(options).map_err(super::trace::tracer_error)?;
        Ok(Self { tracer, steps, seen: 0, slots: BTreeMap::new(), used: 0 })
    }

    /// Forgets the last transaction, not what it used.
    pub(super) fn fuse(&mut self) -> Result<(), CallError> {
        self.seen = 0;
        self.slots.clear();
        self.tracer.fuse().map_err(super::trace::tracer_error)
    }

    /// Counts the accounts a transaction touched, which some tracers show with code and slots.
    ///
    /// # Errors
    /// [`CallError::Tracer`] if there is too much of everything.
    pub(super) fn settle(&mut self, state: &EvmState) -> Result<(), CallError> {
        #[expect(clippy::disallowed_methods, reason = "a sum does not depend on the order")]
        for account in state.values() {
            let code = account.info.code.as_ref().map_or(0, revm::bytecode::Bytecode::len);
            let slots = account.storage.len().saturating_mul(2 * SLOT_BYTES);
            self.count(ACCOUNT_BYTES.saturating_add(code).saturating_add(slots));
        }
        self.within()
    }

    /// # Errors
    /// [`CallError::Tracer`] if the tracer was stopped.
    pub(super) fn within(&self) -> Result<(), CallError> {
        if self.full() {
            return Err(CallError::Tracer(format!(
                "the trace is larger than {TRACE_BYTES_MAX} bytes: ask for less \
                 (limit, disableStack, disableStorage, disableMemory, onlyTopCall)"
            )));
        }
        Ok(())
    }

    const fn full(&self) -> bool {
        self.used > TRACE_BYTES_MAX
    }

    const fn count(&mut self, bytes: usize) {
        self.used = self.used.saturating_add(bytes);
    }

    fn count_step(&mut self, interp: &Interpreter) {
        let Some(steps) = self.steps.filter(|steps| self.seen < steps.max) else { return };
        self.seen = self.seen.saturating_add(1);
        let mut bytes = STEP_BYTES;
        if steps.stack {
            bytes = bytes.saturating_add(interp.stack.len().saturating_mul(WORD_BYTES));
        }
        if steps.memory {
            bytes = bytes.saturating_add(interp.memory.len());
        }
        if steps.return_data {
            bytes = bytes.saturating_add(interp.return_data.buffer().len());
        }
        if steps.storage && matches!(interp.bytecode.opcode(), SLOAD | SSTORE) {
            let known = self.slots.entry(interp.input.target_address()).or_default();
            known.extend(interp.stack.data().last());
            bytes = bytes.saturating_add(known.len().saturating_mul(SLOT_BYTES));
        }
        self.count(bytes);
    }
}

impl<CTX: ContextTr<Journal: JournalExt>> Inspector<CTX> for Bounded {
    fn initialize_interp(&mut self, interp: &mut Interpreter, cx: &mut CTX) {
        if !self.full() {
            self.tracer.initialize_interp(interp, cx);
        }
    }

    fn step(&mut self, interp: &mut Interpreter, cx: &mut CTX) {
        self.count_step(interp);
        if !self.full() {
            return self.tracer.step(interp, cx);
        }
        *cx.error() = Err(ContextError::Custom("the trace is too large".into()));
        interp.halt_fatal();
    }

    fn step_end(&mut self, interp: &mut Interpreter, cx: &mut CTX) {
        if !self.full() {
            self.tracer.step_end(interp, cx);
        }
    }

    fn log(&mut self, cx: &mut CTX, log: Log) {
        self.count(CALL_BYTES.saturating_add(log.data.data.len()));
        if !self.full() {
            self.tracer.log(cx, log);
        }
    }

    fn log_full(&mut self, interp: &mut Interpreter, cx: &mut CTX, log: Log) {
        self.count(CALL_BYTES.saturating_add(log.data.data.len()));
        if !self.full() {
            self.tracer.log_full(interp, cx, log);
        }
    }

    fn call(&mut self, cx: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.count(CALL_BYTES.saturating_add(inputs.input.len()));
        if self.full() { None } else { self.tracer.call(cx, inputs) }
    }

    fn call_end(&mut self, cx: &mut CTX, inputs: &CallInputs, outcome: &mut CallOutcome) {
        if !self.full() {
            self.count(outcome.result.output.len());
            self.tracer.call_end(cx, inputs, outcome);
        }
    }

    fn create(&mut self, cx: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.count(CALL_BYTES.saturating_add(inputs.init_code().len()));
        if self.full() { None } else { self.tracer.create(cx, inputs) }
    }

    fn create_end(&mut self, cx: &mut CTX, inputs: &CreateInputs, outcome: &mut CreateOutcome) {
        if !self.full() {
            self.count(outcome.result.output.len());
            self.tracer.create_end(cx, inputs, outcome);
        }
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        if !self.full() {
            Inspector::<CTX>::selfdestruct(&mut self.tracer, contract, target, value);
        }
    }
}
