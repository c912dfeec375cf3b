export type { MakeStore, StoreConformanceHooks, TestApi } from './testing/conformance/fixture.js';
export { storeConformance } from './testing/store-conformance.js';
