/** Headers of every response: what a browser may do with it. */

/** The dashboard loads only from itself, and no page may show it in a frame. */
const ownPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types tidemark",
].join("; ")

/** A static page: no script at all, whatever is in it, and only the dashboard may show it in a frame. */
const staticPagePolicy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  "sandbox allow-same-origin allow-top-navigation-by-user-activation",
].join("; ")

const shared = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
  "cache-control": "no-store",
} as const

export const ownHeaders = { ...shared, "content-security-policy": ownPolicy, "x-frame-options": "DENY" }

export const staticPageHeaders = { ...shared, "content-security-policy": staticPagePolicy }
