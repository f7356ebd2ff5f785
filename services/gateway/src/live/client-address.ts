/**
 * Where a request comes from. Each proxy that is trusted has added the address it saw to the end of
 * X-Forwarded-For; what stands before those is the client's own claim.
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | string[] | undefined,
  trustedProxies: number,
): string {
  if (trustedProxies === 0) return peer;
  const claimed = String(forwardedFor ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  return claimed.at(-trustedProxies) ?? peer;
}
