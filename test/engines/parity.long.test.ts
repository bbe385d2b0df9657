/** Every engine computes what the reference does, for the largest cases. */
import { testParity } from "./parity.ts"
import { largeCases } from "./parityCases.ts"

testParity(largeCases)
