// Blds-gen is the schema compiler of the Data Exchange Hub.
package main

func main() {}
