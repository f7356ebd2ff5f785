/**
 * Misbehaviour on demand. Rules live in memory and end with the process: they belong to
 * the test that set them, not to the provider's books.
 */
export const FAULT_ROUTES = [
  'create',
  'confirm',
  'capture',
  'cancel',
  'refund',
  /** Not a request but the delivery of an event to the receiver. */
  'webhook',
] as const;
/**
 * `never`: it is done, and no answer comes. `twice`: it arrives twice, as through a network that
 * repeats; of a webhook, that it is delivered twice.
 */
export const FAULT_KINDS = [
  'late',
  'never',
  'twice',
  'error_before',
  'error_after_success',
  'error_saved',
] as const;

export type FaultRoute = (typeof FAULT_ROUTES)[number];
export type FaultKind = (typeof FAULT_KINDS)[number];
export type InjectedFault = { readonly kind: FaultKind; readonly delayMs: number };

export type FaultRule = {
  readonly route: FaultRoute | '*';
  readonly kind: FaultKind;
  /** How late the answer is; used by `late` only. */
  readonly delayMs: number;
  /** How many requests it still strikes; none given means all. */
  readonly times?: number;
  /** The share of requests it strikes, 0 to 1. */
  readonly rate: number;
};

const DEFAULT_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 120_000;

export type Faults = ReturnType<typeof createFaults>;

export function createFaults(random: () => number = Math.random) {
  let rules: FaultRule[] = [];

  return {
    add(rule: FaultRule): void {
      rules.push(rule);
    },
    clear(): void {
      rules = [];
    },
    list(): readonly FaultRule[] {
      return rules;
    },
    /**
     * The fault that strikes a request, if any: the one its intent's metadata asks for,
     * else the first rule that matches. A rule with `times` is used up by it.
     */
    strike(route: FaultRoute, metadataWish: string | undefined): InjectedFault | undefined {
      const wished = readWish(route, metadataWish);
      if (wished !== undefined) return wished;
      const at = rules.findIndex(
        (rule) =>
          (rule.route === route || (rule.route === '*' && route !== 'webhook')) &&
          random() < rule.rate,
      );
      const rule = rules[at];
      if (rule === undefined) return undefined;
      if (rule.times !== undefined) {
        const left = { ...rule, times: rule.times - 1 };
        rules = left.times > 0 ? rules.with(at, left) : rules.toSpliced(at, 1);
      }
      return rule;
    },
  };
}

/**
 * Reads `[route:]kind[:delayMs]` from `metadata[sandbox]`. `error_before` is left out:
 * it would strike every retry too, and the request could never succeed. What is done under a key is
 * not struck again: so a `never` is answered when it is repeated.
 */
function readWish(route: FaultRoute, wish: string | undefined): InjectedFault | undefined {
  if (wish === undefined) return undefined;
  const parts = wish.split(':');
  if (FAULT_ROUTES.some((name) => name === parts[0]) && parts.shift() !== route) return undefined;
  const kind = FAULT_KINDS.find((name) => name === parts[0] && name !== 'error_before');
  if (kind === undefined) return undefined;
  const delayMs = Number(parts[1] ?? DEFAULT_DELAY_MS);
  return { kind, delayMs: Math.min(Number.isFinite(delayMs) ? delayMs : 0, LONGEST_DELAY_MS) };
}
