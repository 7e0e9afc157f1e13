//! Constrained decoding: a model's vocabulary, grammars compiled for it, and the place of one answer in its grammar.
use llguidance::api::{GrammarInit, ParserLimits, TopLevelGrammar};
use llguidance::earley::SlicedBiasComputer;
use llguidance::toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie};
use llguidance::{Logger, ParserFactory};
use std::sync::{Arc, Mutex};

/// The tokens of one model as bytes, arranged for masks. Immutable, usable from any thread.
pub struct Vocabulary {
    factory: ParserFactory,
    size: usize,
}

/// What compiling and masks may cost; the header says what each bounds.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Limits {
    row_items: u64,
    compile_fuel: u64,
    step_fuel: u64,
    step_items: u64,
    lexer_states: u64,
    symbols: u64,
}

/// A grammar as it was compiled, at its beginning. Every answer gets a copy.
pub struct Grammar {
    start: Mutex<llguidance::Matcher>,
    size: usize, // tokens of the vocabulary
}

/// The place of one answer in its grammar. One thread at a time.
pub struct Matcher {
    matcher: llguidance::Matcher,
    size: usize,
}

const _: fn() = || {
    fn shared_between_threads<T: Send + Sync>() {}
    fn handed_over<T: Send>() {}
    shared_between_threads::<Vocabulary>();
    shared_between_threads::<Grammar>();
    handed_over::<Matcher>();
};

impl Vocabulary {
    /// `tokens`: the bytes of each; empty for one that no grammar may produce. `end`: a token that ends an answer.
    pub fn new(tokens: Vec<Vec<u8>>, end: u32) -> Result<Self, String> {
        let size = tokens.len();
        let count = u32::try_from(size).map_err(|e| e.to_string())?;
        if end >= count {
            return Err("the end token is not in the vocabulary".into());
        }
        let trie = TokTrie::from(&TokRxInfo::new(count, end), &tokens);
        let env: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
        // Of json_slices, those without white space between JSON's tokens: our answers are compact.
        let slices: Vec<String> = SlicedBiasComputer::json_slices().into_iter().skip(1).collect();
        let mut factory =
            ParserFactory::new(&env, InferenceCapabilities::default(), &slices).map_err(|e| e.to_string())?;
        factory.quiet();
        Ok(Self { factory, size })
    }

    /// `text`: {"grammars": [{"lark_grammar": …}, {"name": …, "json_schema": …}, …]}; the first one is the start.
    pub fn compile(&self, text: &str, limits: Limits) -> Result<Grammar, String> {
        let grammar: TopLevelGrammar = serde_json::from_str(text).map_err(|e| format!("grammar: {e}"))?;
        let limits = ParserLimits {
            max_items_in_row: limits.row_items as usize,
            initial_lexer_fuel: limits.compile_fuel,
            step_lexer_fuel: limits.step_fuel,
            step_max_items: limits.step_items as usize,
            max_lexer_states: limits.lexer_states as usize,
            max_grammar_size: limits.symbols as usize,
            precompute_large_lexemes: true,
            verbose_errors: false,
        };
        let parser = self.factory.create_parser_from_init_ext(
            GrammarInit::Serialized(grammar),
            Logger::new(0, 0),
            InferenceCapabilities::default(),
            limits,
        );
        let mut start = llguidance::Matcher::new(Ok(parser.map_err(|e| format!("{e:#}"))?));
        // A grammar that lets nothing begin is refused now, not in the middle of an answer; and its caches are filled.
        if !start.is_accepting().map_err(|e| e.to_string())? {
            start.compute_mask().map_err(|e| e.to_string())?;
        }
        Ok(Grammar { start: Mutex::new(start), size: self.size })
    }
}

impl Grammar {
    /// A place of its own with caches of its own, so that what one answer costs counts for it alone.
    pub fn begin(&self) -> Result<Matcher, String> {
        let start = self.start.lock().map_err(|e| e.to_string())?;
        Ok(Matcher { matcher: start.deep_clone(), size: self.size })
    }
}

impl Matcher {
    /// Whether the answer may end here.
    pub fn may_end(&mut self) -> Result<bool, String> {
        if self.matcher.is_stopped() && !self.matcher.is_error() {
            return Ok(true); // complete, and nothing may follow
        }
        self.matcher.is_accepting().map_err(|e| e.to_string())
    }

    pub fn allows(&mut self, token: u32) -> Result<bool, String> {
        self.matcher.validate_tokens(&[token]).map(|n| n == 1).map_err(|e| e.to_string())
    }

    /// A bit per token, the first in the lowest bit of the first word. Tokens that end an answer are may_end()'s.
    pub fn mask(&mut self, words: &mut [u32]) -> Result<(), String> {
        words.fill(0);
        if self.matcher.is_stopped() && !self.matcher.is_error() {
            return Ok(());
        }
        let mask = self.matcher.compute_mask().map_err(|e| e.to_string())?;
        let bits = mask.as_slice();
        if words.len() < self.size.div_ceil(32) || bits.len() < self.size.div_ceil(32) {
            return Err("the mask is smaller than the vocabulary".into());
        }
        let count = self.size.div_ceil(32);
        words[..count].copy_from_slice(&bits[..count]);
        Ok(())
    }

    pub fn accept(&mut self, token: u32) -> Result<(), String> {
        self.matcher.consume_token(token).map_err(|e| e.to_string())
    }
}
