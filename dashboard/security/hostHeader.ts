/**
 * Which `Host` headers are this machine's own: (header) -> host as addressed, or undefined.
 *
 * A page of another site can make a browser resolve its own name to 127.0.0.1 (DNS rebinding), but the browser still sends
 * that name. The port is free, so that a forwarded port works (`ssh -L 8080:127.0.0.1:6007`).
 */
const names = new Set(["localhost", "127.0.0.1", "[::1]"])

/** `name`, `name:port`, an IPv4 address, or an IPv6 address in brackets, each with or without a port. */
const form = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?$/

export const ownHost = (header: string | undefined): string | undefined => {
  const [, name, port] = form.exec((header ?? "").toLowerCase()) ?? []
  if (name === undefined || !names.has(name)) return undefined
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) return undefined
  // As browsers write it in `Origin`: without the default port.
  return port === undefined || Number(port) === 80 ? name : `${name}:${Number(port)}`
}
