export { MemoryStore, type MemoryStoreOptions } from './store/memory/memory.js';
