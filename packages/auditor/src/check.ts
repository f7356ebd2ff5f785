import type { Sources } from './sources.ts';

/** One rule over the stores. `invariant` is its number in docs/architecture.md. */
export type Check = {
  readonly invariant: number;
  readonly title: string;
  /** Set when the rule reads the stores of one service only, and so can be checked without the others. */
  readonly reads?: 'catalog';
  /** Set when the rule needs the accounts of those who bought. */
  readonly needs?: 'accounts';
  /** How many things were looked at, and a sentence for each that breaks the rule. */
  run(sources: Sources): Promise<{ checked: number; findings: string[] }>;
};

/**
 * A rule that SQL can say. `broken` yields a column `finding` a row that breaks it;
 * `counted` is the relation whose rows are looked at.
 */
export function sqlCheck(rule: {
  invariant: number;
  title: string;
  store: 'booking' | 'auth';
  counted: string;
  broken: string;
}): Check {
  return {
    invariant: rule.invariant,
    title: rule.title,
    async run(sources) {
      const pool = sources[rule.store];
      const counted = await pool.query<{ count: string }>(
        `select count(*)::text as count from ${rule.counted}`,
      );
      const broken = await pool.query<{ finding: string }>(`${rule.broken} limit 50`);
      return {
        checked: Number(counted.rows[0]?.count ?? 0),
        findings: broken.rows.map((row) => row.finding),
      };
    },
  };
}
