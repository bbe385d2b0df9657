#!/usr/bin/env node
/**
 * `pnpm pipeline …`: the program. Its modules are compiled once and kept in Node.js's compile cache, which halves the
 * start; so this file imports nothing before the cache is on.
 */
import { enableCompileCache } from "node:module"

enableCompileCache()
await import("./command.ts")
