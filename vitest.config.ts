import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Native libraries and signal handlers want a process of their own.
    pool: "forks",
    // Some ten times what the longest takes on a quiet machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
