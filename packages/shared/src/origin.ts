/**
 * Where a change comes from. It travels from the HTTP request through the outbox,
 * the message, the audit entry and the log.
 */
export type Origin = {
  /** `user:<id>`, `service:<name>` or `system:<loop>`. */
  readonly actor: string;
  readonly requestId: string;
  readonly correlationId: string;
};

/** The origin of work that a loop of a service starts by itself. */
export function systemOrigin(actor: string, correlationId: string): Origin {
  return { actor: `system:${actor}`, requestId: correlationId, correlationId };
}

/** The id that a client sent along, if it is one to be taken over. */
export function acceptedId(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && /^[\w.:-]{1,128}$/.test(value) ? value : undefined;
}
