// biome-ignore lint/suspicious/noExplicitAny: answers are read by tests, which know their form
type AnyBody = any;

export function createClient(url: string, userId: string, token: string) {
  async function send(method: string, path: string, body?: unknown, headers: object = {}) {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed: AnyBody = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, body: parsed, headers: response.headers };
  }
  return {
    userId,
    token,
    send,
    get: (path: string) => send('GET', path),
    post: (path: string, body?: unknown, headers?: object) => send('POST', path, body, headers),
    book: (offer: string, paymentMethod = 'pm_card_visa', key?: string) =>
      send(
        'POST',
        '/api/bookings',
        { offer, paymentMethod },
        key ? { 'idempotency-key': key } : {},
      ),
    /** The booking once it has its outcome. */
    outcome: async (bookingId: string): Promise<AnyBody> =>
      (await send('GET', `/api/bookings/${bookingId}?wait=15`)).body.booking,
  };
}

export type Client = ReturnType<typeof createClient>;
