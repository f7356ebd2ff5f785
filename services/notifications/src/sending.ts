import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { type Mail, writeMail } from './mail.ts';
import { type DueMail, dropLate, endMail, takeNextMail } from './stores/mails.ts';

/**
 * Sends what waits, one mail a transaction. A process that dies after sending and before the mark
 * sends that one mail again, under the same Message-ID: the one boundary at which exactly once can
 * not be had, since the outside world takes no part in the transaction. A mail that can not be
 * written, such as one of an event in a time zone that nobody knows, is put aside.
 */
export function createSendingLoop(deps: {
  db: Database;
  send: (mail: Mail) => Promise<void> | void;
  log: Logger;
}): Loop {
  const { db, send, log } = deps;
  return createLoop({
    name: 'sending',
    intervalMs: 500,
    log,
    async round() {
      await dropLate(db);
      return db.transaction(async (tx) => {
        const due = await takeNextMail(tx);
        if (due === undefined) return 0;
        const mail = write(due);
        if (mail !== undefined) await send(mail);
        await endMail(tx, due.messageId, mail === undefined ? 'unwritable' : 'sent');
        return 1;
      });
    },
  });

  function write(due: DueMail): Mail | undefined {
    try {
      return writeMail(due, due.recipient, due.event);
    } catch (error) {
      log.error('mail.unwritable', { messageId: due.messageId, error: describeError(error) });
      return undefined;
    }
  }
}
