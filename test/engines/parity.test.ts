/** Every engine computes what the reference does, for every case but the largest. */
import { testParity } from "./parity.ts"
import { largeCases, parityCases } from "./parityCases.ts"

testParity(Object.keys(parityCases).filter((name) => !largeCases.includes(name)))
