export { MemoryStore, type MemoryStoreOptions } from './store/memory/memory-store.js';
