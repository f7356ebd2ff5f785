import { Fault } from '@holdfast/shared/errors.ts';
import { hash, verify } from '@node-rs/argon2';
import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import { newSecret } from '../secrets.ts';

/** argon2id; the package's const enum can not be imported under verbatimModuleSyntax. */
const ARGON2ID = 2;
const LONGEST_LINE = 512;

/**
 * Hashes passwords with argon2id (RFC 9106; one lane). A hash is slow on purpose, so only
 * `atOnce` run at a time, 512 more wait, and the rest is a retryable Fault: a burst of logins
 * takes neither all memory nor all threads of the process.
 */
export async function createPasswords(cost: {
  memoryKib: number;
  timeCost: number;
  atOnce: number;
}) {
  const options = {
    algorithm: ARGON2ID,
    memoryCost: cost.memoryKib,
    timeCost: cost.timeCost,
    parallelism: 1,
  };
  const line = bulkhead(cost.atOnce, LONGEST_LINE);
  const nobodysHash = await hash(newSecret(), options);

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await line.execute(work);
    } catch (cause) {
      if (!(cause instanceof BulkheadRejectedError)) throw cause;
      throw new Fault('too_busy', 'Too many passwords are being checked at present', {
        retryable: true,
        cause,
      });
    }
  }

  return {
    hash: (password: string) => inTurn(() => hash(normalised(password), options)),
    /**
     * Runs `admit` when it is this check's turn, and compares unless it says no. With no stored
     * hash it takes as long and answers false, so that time does not tell who has an account.
     */
    check: (
      password: string,
      storedHash: string | undefined,
      admit: () => Promise<boolean>,
    ): Promise<'right' | 'wrong' | 'not_admitted'> =>
      inTurn(async () => {
        if (!(await admit())) return 'not_admitted';
        const right = await verify(storedHash ?? nobodysHash, normalised(password));
        return right && storedHash !== undefined ? 'right' : 'wrong';
      }),
  };
}

export type Passwords = Awaited<ReturnType<typeof createPasswords>>;

/** The same characters typed on another keyboard may be other code points (NIST SP 800-63B). */
function normalised(password: string): string {
  return password.normalize('NFKC');
}
