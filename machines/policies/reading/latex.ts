/** LaTeX as plain signs: `\frac{1}{2}` → `1/2`, `a \times b` → `a × b`. What these are called is up to the language. */

const SYMBOLS: Readonly<Record<string, string>> = {
  ...{
    times: ' × ',
    cdot: ' × ',
    ast: ' × ',
    div: ' ÷ ',
    pm: ' ± ',
    mp: ' ± ',
    leq: ' ≤ ',
    le: ' ≤ ',
    geq: ' ≥ ',
    ge: ' ≥ ',
  },
  ...{
    lt: ' < ',
    gt: ' > ',
    neq: ' ≠ ',
    ne: ' ≠ ',
    approx: ' ≈ ',
    sim: ' ≈ ',
    simeq: ' ≈ ',
    equiv: ' ≡ ',
    infty: ' ∞ ',
  },
  ...{
    to: ' → ',
    rightarrow: ' → ',
    Rightarrow: ' → ',
    longrightarrow: ' → ',
    implies: ' → ',
    leftarrow: ' ← ',
    mapsto: ' → ',
  },
  ...{
    sum: ' ∑ ',
    int: ' ∫ ',
    prod: ' ∏ ',
    partial: ' ∂ ',
    nabla: ' ∇ ',
    in: ' ∈ ',
    forall: ' ∀ ',
    exists: ' ∃ ',
  },
  ...{
    circ: '°',
    degree: '°',
    percent: '%',
    ldots: '…',
    dots: '…',
    cdots: '…',
    cup: ' ∪ ',
    cap: ' ∩ ',
    subset: ' ⊂ ',
  },
  ...{
    alpha: ' α ',
    beta: ' β ',
    gamma: ' γ ',
    delta: ' δ ',
    epsilon: ' ε ',
    varepsilon: ' ε ',
    zeta: ' ζ ',
    eta: ' η ',
  },
  ...{
    theta: ' θ ',
    iota: ' ι ',
    kappa: ' κ ',
    lambda: ' λ ',
    mu: ' μ ',
    nu: ' ν ',
    xi: ' ξ ',
    pi: ' π ',
    rho: ' ρ ',
  },
  ...{
    sigma: ' σ ',
    tau: ' τ ',
    upsilon: ' υ ',
    phi: ' φ ',
    varphi: ' φ ',
    chi: ' χ ',
    psi: ' ψ ',
    omega: ' ω ',
  },
  ...{
    Gamma: ' Γ ',
    Delta: ' Δ ',
    Theta: ' Θ ',
    Lambda: ' Λ ',
    Pi: ' Π ',
    Sigma: ' Σ ',
    Phi: ' Φ ',
    Psi: ' Ψ ',
    Omega: ' Ω ',
  },
  ...{
    quad: ' ',
    qquad: ' ',
    left: '',
    right: '',
    big: '',
    Big: '',
    displaystyle: '',
    limits: '',
    land: ' ∧ ',
    lor: ' ∨ ',
  },
  ...{
    neg: ' ¬ ',
    mid: ' | ',
    colon: ': ',
    prime: '′',
    hbar: ' ℏ ',
    therefore: ' ∴ ',
    propto: ' ∝ ',
    lbrace: '',
    rbrace: '',
  },
};
/** Functions are said as they are written. */
const FUNCTIONS = /^(?:sin|cos|tan|log|ln|exp|min|max|lim|det|arcsin|arccos|arctan|mod|gcd)$/;
/** Their argument is said as it is. */
const WRAPPERS =
  /^(?:text|textbf|textit|mathrm|mathbf|mathbb|mathcal|mathit|operatorname|overline|bar|hat|vec|underline|boxed|mbox|emph|textrm|tilde|dot|ddot|mathsf)$/;
const MAX_DEPTH = 8;

/** True if a text between dollar signs is mathematics, not a price: it has a sign of mathematics, or is one symbol. */
export function isMath(inner: string): boolean {
  if (/^\s|\s$/u.test(inner) || inner === '') return false;
  if (/[\\^_{}]|[=<>]/u.test(inner)) return true;
  return /^[A-Za-z]$|^[A-Za-z\d][\s\d+*/()A-Za-z-]{0,2}[+*/-][\s\d+*/()A-Za-z-]{0,40}$|^\d+(?:\.\d+)?$|^[a-zA-Z]\d?\([a-z](?:,\s?[a-z])*\)$/u.test(
    inner,
  );
}

/** `source` without delimiters, as plain text with signs. Linear; groups deeper than `MAX_DEPTH` are said flat. */
export function plainMath(source: string): string {
  return new Latex(source).all();
}

/** True if a command of `name` is known. */
export function isCommand(name: string): boolean {
  return (
    Object.hasOwn(SYMBOLS, name) ||
    FUNCTIONS.test(name) ||
    WRAPPERS.test(name) ||
    /^[dt]?frac$|^sqrt$|^binom$/.test(name)
  );
}

/** The end of the command with its arguments that begins at `at`, such as `\frac{1}{2}` outside of dollars. */
export function commandEnd(text: string, at: number): number | undefined {
  const name = /^\\([a-zA-Z]{1,16})/.exec(text.slice(at, at + 18))?.[1];
  if (name === undefined || !isCommand(name)) return undefined;
  let end = at + 1 + name.length;
  for (let groups = 0; groups < 2 && (text.charAt(end) === '{' || text.charAt(end) === '['); groups++) {
    let depth = 0;
    let close = end;
    for (; close < text.length && close < end + 200; close++) {
      const sign = text.charAt(close);
      if (sign === '{' || sign === '[') depth++;
      if ((sign === '}' || sign === ']') && --depth === 0) break;
    }
    if (depth !== 0) break;
    end = close + 1;
  }
  return end;
}

class Latex {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  all(): string {
    return this.#until('', 0).replaceAll(/\s+/gu, ' ').trim();
  }

  #until(close: string, depth: number): string {
    let said = '';
    while (this.#at < this.#source.length) {
      const sign = this.#source.charAt(this.#at);
      if (sign === close) {
        this.#at++;
        break;
      }
      said += this.#one(sign, depth);
    }
    return said;
  }

  #one(sign: string, depth: number): string {
    this.#at++;
    if (sign === '\\') return this.#command(depth);
    if (sign === '{') return depth < MAX_DEPTH ? this.#until('}', depth + 1) : ' ';
    if (sign === '}' || sign === '$' || sign === '&') return ' ';
    if (sign === '_') return ` ${this.#argument(depth)} `;
    if (sign === '^') return power(this.#argument(depth));
    if (sign === '~') return ' ';
    if (sign === '*') return ' × ';
    if ('=+<>|'.includes(sign)) return ` ${sign} `;
    if (sign === '-')
      return /[\dA-Za-z)}]\s?$/u.test(this.#source.slice(Math.max(0, this.#at - 3), this.#at - 1))
        ? ' − '
        : '−';
    // Letters beside each other are factors, said one by one.
    return /[A-Za-z]/.test(sign)
      ? `${/[A-Za-z\d]/.test(this.#source.charAt(this.#at - 2)) ? ' ' : ''}${sign}`
      : sign;
  }

  #command(depth: number): string {
    const name = /^[a-zA-Z]+/.exec(this.#source.slice(this.#at, this.#at + 24))?.[0];
    if (name === undefined) {
      const sign = this.#source.charAt(this.#at++);
      return sign === '%' || sign === '$' || sign === '#' || sign === '&' || sign === '_' ? sign : ' ';
    }
    this.#at += name.length;
    if (/^[dt]?frac$/.test(name)) return fraction(this.#argument(depth), this.#argument(depth));
    if (name === 'sqrt') {
      const index = this.#source.charAt(this.#at) === '[' ? this.#group(']', depth) : '';
      const sign = index === '' ? '√' : index.trim() === '3' ? '∛' : `${index} √`;
      return ` ${sign}${this.#argument(depth).trim()} `;
    }
    if (name === 'begin' || name === 'end') {
      this.#raw();
      return ' ';
    }
    if (WRAPPERS.test(name)) return this.#source.charAt(this.#at) === '{' ? ` ${this.#raw()} ` : ' ';
    if (FUNCTIONS.test(name)) return ` ${name} `;
    return Object.hasOwn(SYMBOLS, name) ? (SYMBOLS[name] ?? '') : ` ${name} `;
  }

  /** The next group, command or sign. */
  #argument(depth: number): string {
    while (this.#source.charAt(this.#at) === ' ') this.#at++;
    const sign = this.#source.charAt(this.#at);
    if (sign === '' || depth >= MAX_DEPTH) return '';
    if (sign === '{') return this.#group('}', depth);
    this.#at++;
    return sign === '\\' ? this.#command(depth + 1) : sign === '-' ? `−${this.#argument(depth + 1)}` : sign;
  }

  #group(close: string, depth: number): string {
    this.#at++;
    return depth < MAX_DEPTH ? this.#until(close, depth + 1).trim() : '';
  }

  /** The text of a group of words. */
  #raw(): string {
    if (this.#source.charAt(this.#at) !== '{') return '';
    const end = this.#source.indexOf('}', this.#at);
    const inner = this.#source.slice(this.#at + 1, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#source.length : end + 1;
    return inner.replaceAll(/[\\{}]/gu, ' ');
  }
}

function fraction(above: string, below: string): string {
  const whole = /^\s*\d+\s*$/;
  if (whole.test(above) && whole.test(below)) return ` ${above.trim()}/${below.trim()} `;
  return ` ${above} ⁄ ${below} `;
}

function power(exponent: string): string {
  const text = exponent.trim();
  return text === '°' || text === '′' ? text : `^{${text}}`;
}
